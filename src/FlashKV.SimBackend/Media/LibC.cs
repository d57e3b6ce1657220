using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace FlashKV.SimBackend;

/// <summary>
/// The calls of the C library that the media use on 64-bit Linux. Each answers -1 on failure and
/// leaves the error number in <see cref="Marshal.GetLastPInvokeError"/>.
/// </summary>
internal static unsafe partial class LibC
{
    internal const int ErrorPermission = 1;
    internal const int ErrorNoEntry = 2;
    internal const int ErrorInterrupted = 4;
    internal const int ErrorTryAgain = 11;
    internal const int ErrorAccess = 13;
    internal const int ErrorBusy = 16;
    internal const int ErrorInvalid = 22;
    internal const int ErrorTooLarge = 27;
    internal const int ErrorNoSpace = 28;
    internal const int ErrorReadOnly = 30;
    internal const int ErrorNotImplemented = 38;
    internal const int ErrorTimer = 62;
    internal const int ErrorNotSupported = 95;
    internal const int ErrorQuota = 122;
    internal const int ErrorCanceled = 125;

    internal const int OpenReadWrite = 0x2;
    internal const int OpenCreate = 0x40;
    internal const int OpenCloseOnExec = 0x80000;

    internal const int LockExclusive = 2;
    internal const int LockNonBlocking = 4;

    internal const int PunchHole = 0x2;
    internal const int KeepSize = 0x1;

    /// <summary>RWF_DSYNC: this write reaches stable storage before it returns.</summary>
    internal const int WriteDataSync = 0x2;

    private const int AdviseDontNeed = 4;
    private const int AdviseHugePages = 14;

    /// <summary>Whether these declarations fit the running system.</summary>
    internal static bool IsUsable =>
        OperatingSystem.IsLinux() && Environment.Is64BitProcess;

    /// <summary>O_DIRECT, which differs between architectures; 0 where it is not known.</summary>
    internal static int OpenDirect => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 or Architecture.S390x or Architecture.LoongArch64 => 0x4000,
        Architecture.Arm64 => 0x10000,
        Architecture.Ppc64le => 0x20000,
        _ => 0,
    };

    /// <summary>What an error number of a transfer means for its medium.</summary>
    internal static MediumStatus StatusOf(int error) =>
        error is ErrorNoSpace or ErrorQuota ? MediumStatus.OutOfSpace : MediumStatus.MediumError;

    /// <summary>Gives pages back to the system; they read as zeros afterwards.</summary>
    /// <param name="address">Page-aligned address of anonymous private memory.</param>
    /// <param name="bytes">A whole number of pages.</param>
    /// <returns>Whether the system took them.</returns>
    internal static bool TryReturnPages(nint address, nuint bytes) =>
        IsUsable && Advise(address, bytes, AdviseDontNeed) == 0;

    /// <summary>
    /// Asks that memory be backed by huge pages, of which an access needs to look up fewer.
    /// </summary>
    /// <param name="address">Address of anonymous private memory, aligned to a huge page.</param>
    /// <param name="bytes">A whole number of huge pages.</param>
    internal static void AskForHugePages(nint address, nuint bytes)
    {
        if (IsUsable)
        {
            _ = Advise(address, bytes, AdviseHugePages);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true,
        StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    internal static partial int Lock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int Truncate(SafeFileHandle file, long length);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    internal static partial int Allocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    internal static partial int DataSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    internal static partial int Sync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "preadv", SetLastError = true)]
    internal static partial nint ReadVector(
        SafeFileHandle file, IoVector* vector, int count, long offset);

    [LibraryImport("libc", EntryPoint = "pwritev", SetLastError = true)]
    internal static partial nint WriteVector(
        SafeFileHandle file, IoVector* vector, int count, long offset);

    [LibraryImport("libc", EntryPoint = "pwritev2", SetLastError = true)]
    internal static partial nint WriteVectorFlags(
        SafeFileHandle file, IoVector* vector, int count, long offset, int flags);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    private static partial int Advise(nint address, nuint bytes, int advice);
}
