using FlashKV.Salvage;

namespace FlashKV.Opening;

/// <summary>
/// The directory of a store that nobody has open, to be read and not changed. Holds its lock, so
/// that nobody opens it meanwhile.
/// </summary>
internal sealed class ClosedStore : IDisposable
{
    private readonly FileStream? _lock;

    private ClosedStore(string path, FileStream? @lock)
    {
        Path = path;
        _lock = @lock;
    }

    public string Path { get; }

    public string StagingPath => System.IO.Path.Combine(Path, StoreDirectory.StagingName);

    private string DevicePath => System.IO.Path.Combine(Path, StoreDirectory.DeviceName);

    /// <summary>Takes the lock of a directory.</summary>
    /// <exception cref="NotAStoreException">There is no such directory.</exception>
    /// <exception cref="StoreLockedException">Somebody has the store open.</exception>
    public static ClosedStore Open(string directory)
    {
        string full = System.IO.Path.GetFullPath(directory);
        if (!Directory.Exists(full))
        {
            string problem = File.Exists(full) ? "it is a file" : "it does not exist";
            throw new NotAStoreException(full, problem);
        }

        return new ClosedStore(full, StoreDirectory.TakeLockForReading(full));
    }

    /// <summary>Opens the device file of the embedded default.</summary>
    /// <exception cref="NotAStoreException">It is missing.</exception>
    /// <exception cref="FlashStoreException">It cannot be read.</exception>
    public FileBlockSource OpenDeviceFile()
    {
        if (!File.Exists(DevicePath))
        {
            throw new NotAStoreException(
                Path, $"its file '{StoreDirectory.DeviceName}' is missing");
        }

        try
        {
            return FileBlockSource.Open(DevicePath);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new FlashStoreException(
                $"The device file '{DevicePath}' cannot be used: {exception.Message}", exception);
        }
    }

    public void Dispose() => _lock?.Dispose();
}
