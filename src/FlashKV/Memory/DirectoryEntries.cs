using System.Runtime.InteropServices;
using System.Text;

namespace FlashKV.Memory;

/// <summary>
/// Makes the names in a directory last: on Linux a file that was made or renamed, and flushed, may
/// still be gone after a power cut until its directory was flushed as well.
/// </summary>
internal static partial class DirectoryEntries
{
    private const int InvalidArgument = 22;
    private const int CloseOnExec = 0x80000;

    /// <summary>Puts the entries of a directory on stable storage.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    public static void Flush(string directory)
    {
        if (OperatingSystem.IsLinux())
        {
            FlushByHandle(directory);
            Step.Reached(Step.Flushed + directory);
        }
    }

    /// <summary>
    /// Makes a directory and those above it that are missing, and puts their entries on stable
    /// storage.
    /// </summary>
    /// <exception cref="IOException">The system refused.</exception>
    public static void Create(string directory)
    {
        string? parent = Path.GetDirectoryName(directory);
        if (Directory.Exists(directory) || parent is null)
        {
            return;
        }

        Create(parent);
        Directory.CreateDirectory(directory);
        Flush(parent);
    }

    /// <summary>Opens a directory; -1 if that cannot be.</summary>
    public static int TryOpen(string directory) =>
        Open(Encoding.UTF8.GetBytes(directory + '\0'), CloseOnExec);

    /// <summary>Closes what <see cref="TryOpen"/> has opened.</summary>
    public static void CloseOpened(int descriptor) => _ = Close(descriptor);

    // Some file systems cannot flush a directory and say that the argument is invalid.
    private static void FlushByHandle(string directory)
    {
        int descriptor = TryOpen(directory);
        if (descriptor < 0)
        {
            throw Failure(directory, Marshal.GetLastPInvokeError());
        }

        int error = Sync(descriptor) == 0 ? 0 : Marshal.GetLastPInvokeError();
        _ = Close(descriptor);
        if (error is not 0 and not InvalidArgument)
        {
            throw Failure(directory, error);
        }
    }

    private static IOException Failure(string directory, int error) =>
        new($"The directory '{directory}' cannot be flushed: "
            + $"{Marshal.GetPInvokeErrorMessage(error)}.");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true)]
    private static partial int Open(byte[] path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
