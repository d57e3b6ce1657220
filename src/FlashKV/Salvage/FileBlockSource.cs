using FlashKV.Log;
using Microsoft.Win32.SafeHandles;

namespace FlashKV.Salvage;

/// <summary>The device file of a store, opened for reading, of whatever length.</summary>
internal sealed class FileBlockSource : IBlockSource
{
    private readonly SafeFileHandle _file;

    private FileBlockSource(SafeFileHandle file)
    {
        _file = file;
        BlockCount = RandomAccess.GetLength(file) / LogGeometry.BlockBytes;
    }

    /// <inheritdoc/>
    public long BlockCount { get; }

    /// <summary>Opens a device file.</summary>
    /// <exception cref="IOException">It is missing, in use or cannot be read.</exception>
    public static FileBlockSource Open(string path) =>
        new(File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read));

    /// <inheritdoc/>
    public bool TryRead(long block, Span<byte> destination)
    {
        try
        {
            long offset = block * LogGeometry.BlockBytes;
            while (!destination.IsEmpty)
            {
                int read = RandomAccess.Read(_file, destination, offset);
                if (read == 0)
                {
                    return false;
                }

                destination = destination[read..];
                offset += read;
            }

            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    public void Dispose() => _file.Dispose();
}
