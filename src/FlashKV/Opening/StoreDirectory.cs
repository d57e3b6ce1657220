using System.Globalization;
using System.Text;
using FlashKV.Memory;

namespace FlashKV.Opening;

/// <summary>
/// The directory of a store: its files, the lock that one process holds and that dies with it, and
/// the identity file, which is written last when a store is created and so says that it is whole.
/// </summary>
internal sealed class StoreDirectory : IDisposable
{
    internal const string DeviceName = "device.flash";
    internal const string StagingName = "staging";

    private const string LockName = "LOCK";
    private const string HolderName = "LOCK.pid";
    private const string ReadersLockName = "CLONES";
    private const string ReadersName = "CLONES.pid";
    private const string ClonesName = "clones.sock";
    private const string IdentityName = "STORE";
    private const string IdentityPrefix = "FlashKV store, format ";

    // What a lock held by somebody else answers: EAGAIN, and ERROR_SHARING_VIOLATION.
    private const int WouldBlock = 11;
    private const int SharingViolation = unchecked((int)0x80070020);

    private static readonly string[] s_ownNames =
    [
        LockName, HolderName, IdentityName, IdentityName + ".new", DeviceName, StagingName,
        StagingName + ".new", ReadersLockName, ReadersName, ClonesName,
    ];

    private readonly FileStream _lock;

    private StoreDirectory(string path, FileStream @lock)
    {
        Path = path;
        _lock = @lock;
    }

    public string Path { get; }

    /// <summary>The file that the embedded default uses as its flash.</summary>
    public string DevicePath => System.IO.Path.Combine(Path, DeviceName);

    /// <summary>The file of the unsealed segments.</summary>
    public string StagingPath => System.IO.Path.Combine(Path, StagingName);

    /// <summary>The socket at which clones are to be had by name.</summary>
    public string ClonesPath => SocketPathOf(Path);

    /// <summary>Whether a store was created here to the end.</summary>
    public bool HasIdentity => File.Exists(IdentityPath);

    private string IdentityPath => System.IO.Path.Combine(Path, IdentityName);

    /// <summary>
    /// Takes the lock of a directory, and creates the directory if that is wanted.
    /// </summary>
    /// <exception cref="StoreLockedException">Somebody else has it.</exception>
    /// <exception cref="NotAStoreException">
    /// It holds something else, or nothing, or a store.
    /// </exception>
    /// <exception cref="FlashStoreException">It cannot be written to.</exception>
    public static StoreDirectory Open(string path, OpenMode mode)
    {
        string full = System.IO.Path.GetFullPath(path);
        Check(full, mode);
        try
        {
            DirectoryEntries.Create(full);
            return new StoreDirectory(full, TakeLock(full));
        }
        catch (Exception exception) when (exception
            is UnauthorizedAccessException or (IOException and not FlashStoreException))
        {
            throw new FlashStoreException(
                $"The directory '{full}' cannot be written to: {exception.Message}", exception);
        }
    }

    /// <summary>The socket of a store's directory.</summary>
    public static string SocketPathOf(string directory) =>
        System.IO.Path.Combine(directory, ClonesName);

    /// <summary>Makes the file that readers of clones lock.</summary>
    public void PrepareForClones()
    {
        string file = System.IO.Path.Combine(Path, ReadersLockName);
        using FileStream stream = new(
            file, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
    }

    /// <summary>
    /// Takes the lock that a reader of a clone has while it reads. The caller then looks whether
    /// the store's process is still there: if so, nobody else writes until the lock is let go.
    /// </summary>
    /// <exception cref="CloneRefusedException">
    /// The file is gone, or somebody opens the store.
    /// </exception>
    public static FileStream TakeLockOfReader(string directory)
    {
        string file = System.IO.Path.Combine(directory, ReadersLockName);
        try
        {
            return new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CloneRefusedException(
                CloneRefusal.NotServed,
                $"the file '{file}' cannot be locked: {exception.Message}",
                exception);
        }
    }

    /// <summary>
    /// Waits until nobody reads a clone of the process that had the store open before. Those who do
    /// notice that it has ended; until then, what they read must stay.
    /// </summary>
    /// <param name="patience">The longest wait.</param>
    /// <exception cref="StoreLockedException">Somebody still reads.</exception>
    public void AwaitReaders(TimeSpan patience)
    {
        string file = System.IO.Path.Combine(Path, ReadersLockName);
        IOException? held = null;
        if (File.Exists(file) && !SpinWait.SpinUntil(() => TryLockOut(file, out held), patience))
        {
            throw new StoreLockedException(Path, ReadReaders(), held);
        }
    }

    /// <summary>Notes which processes read clones, for whoever may have to wait for them.</summary>
    public void WriteReaders(IEnumerable<int> processes)
    {
        string file = System.IO.Path.Combine(Path, ReadersName);
        try
        {
            File.WriteAllText(file, string.Join('\n', processes.Where(static id => id != 0)));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Only for a message.
        }
    }

    /// <summary>Says that the store is whole, durably.</summary>
    public void WriteIdentity(uint version)
    {
        string fresh = IdentityPath + ".new";
        using (FileStream stream = new(fresh, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            stream.Write(Encoding.ASCII.GetBytes($"{IdentityPrefix}{version}\n"));
            stream.Flush(flushToDisk: true);
        }

        File.Move(fresh, IdentityPath, overwrite: true);
        DirectoryEntries.Flush(Path);
    }

    /// <summary>Checks that the store is of a version that this library reads.</summary>
    /// <exception cref="StoreVersionException">It is not.</exception>
    /// <exception cref="NotAStoreException">The identity file is not one.</exception>
    public void CheckIdentity(uint supported)
    {
        string text = File.ReadAllText(IdentityPath, Encoding.ASCII).Trim();
        if (!text.StartsWith(IdentityPrefix, StringComparison.Ordinal)
            || !uint.TryParse(
                text.AsSpan(IdentityPrefix.Length),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out uint version))
        {
            throw new NotAStoreException(Path, $"its file {IdentityName} is not one of a store");
        }

        if (version != supported)
        {
            throw new StoreVersionException(Path, version, supported);
        }
    }

    /// <summary>Checks that a store that is whole still has its device file.</summary>
    /// <exception cref="NotAStoreException">It has not; nothing is made in its place.</exception>
    public void CheckDevice()
    {
        var device = new FileInfo(DevicePath);
        if (HasIdentity && !Directory.Exists(DevicePath)
            && (!device.Exists || device.Length == 0))
        {
            throw new NotAStoreException(Path, $"its file '{DeviceName}' is missing or empty");
        }
    }

    public void Dispose() => _lock.Dispose();

    private static void Check(string path, OpenMode mode)
    {
        if (File.Exists(path))
        {
            throw new NotAStoreException(path, "it is a file");
        }

        bool exists = File.Exists(System.IO.Path.Combine(path, IdentityName));
        if (mode == OpenMode.OpenExisting && !exists)
        {
            throw new NotAStoreException(
                path, Directory.Exists(path) ? "it holds no store" : "it does not exist");
        }

        if (mode == OpenMode.CreateNew && exists)
        {
            throw new NotAStoreException(
                path, "it holds a store already, and a new one was wanted");
        }

        if (!exists && Directory.Exists(path)
            && Directory.EnumerateFileSystemEntries(path).FirstOrDefault(IsForeign) is { } foreign)
        {
            throw new NotAStoreException(
                path, $"it holds no store but '{System.IO.Path.GetFileName(foreign)}'");
        }
    }

    private static bool IsForeign(string entry) =>
        !s_ownNames.Contains(System.IO.Path.GetFileName(entry), StringComparer.Ordinal);

    /// <summary>Takes the lock of a directory in which nothing is to be changed.</summary>
    /// <returns>null if there is no lock file, and so nobody who has it.</returns>
    /// <exception cref="StoreLockedException">Somebody else has it.</exception>
    internal static FileStream? TakeLockForReading(string path)
    {
        string file = System.IO.Path.Combine(path, LockName);
        try
        {
            return File.Exists(file)
                ? new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.None)
                : null;
        }
        catch (IOException exception) when (IsSharingViolation(exception))
        {
            string holder = System.IO.Path.Combine(path, HolderName);
            throw new StoreLockedException(path, ReadHolder(holder), exception);
        }
    }

    // FileShare.None is an advisory lock of the system, which ends with the process. A locked file
    // cannot be read here, so the holder says who it is in a file beside it.
    private static FileStream TakeLock(string path)
    {
        string holder = System.IO.Path.Combine(path, HolderName);
        try
        {
            FileStream stream = new(
                System.IO.Path.Combine(path, LockName),
                FileMode.OpenOrCreate,
                FileAccess.ReadWrite,
                FileShare.None);
            WriteHolder(holder);
            return stream;
        }
        catch (IOException exception) when (IsSharingViolation(exception))
        {
            throw new StoreLockedException(path, ReadHolder(holder), exception);
        }
    }

    private static bool TryLockOut(string file, out IOException? held)
    {
        held = null;
        try
        {
            new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.None).Dispose();
            return true;
        }
        catch (FileNotFoundException)
        {
            return true;
        }
        catch (IOException exception) when (IsSharingViolation(exception))
        {
            held = exception;
            return false;
        }
    }

    private int[] ReadReaders()
    {
        try
        {
            return [.. File.ReadLines(System.IO.Path.Combine(Path, ReadersName))
                .Select(static line => int.TryParse(line, CultureInfo.InvariantCulture, out int id)
                    ? id : 0)
                .Where(static id => id != 0 && Directory.Exists($"/proc/{id}"))];
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static bool IsSharingViolation(IOException exception) =>
        exception.HResult is WouldBlock or SharingViolation;

    // Only for the message to a second opener: on a full disk the store does without.
    private static void WriteHolder(string path)
    {
        try
        {
            File.WriteAllText(path, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            File.Delete(path);
        }
    }

    private static int ReadHolder(string path)
    {
        try
        {
            string text = File.ReadAllText(path);
            return int.TryParse(text, CultureInfo.InvariantCulture, out int id) ? id : 0;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
