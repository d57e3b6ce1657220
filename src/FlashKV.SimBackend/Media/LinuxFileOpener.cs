using System.Runtime.InteropServices;
using FlashKV.SimBackend.Sharing;
using FlashKV.Superpipe;
using Microsoft.Win32.SafeHandles;

namespace FlashKV.SimBackend;

/// <summary>Opens, locks and sizes the file of a <see cref="FileMedium"/> on Linux.</summary>
internal static class LinuxFileOpener
{
    private const int OwnerReadWrite = 0x180; // 0600
    private const int OpenFlags =
        LibC.OpenReadWrite | LibC.OpenCreate | LibC.OpenCloseOnExec;

    /// <summary>Opens a descriptor to hand to a process that may read the file.</summary>
    internal static Errno TryOpenForReading(string path, out DescriptorHandle? descriptor)
    {
        int opened = LibC.Open(path, LibC.OpenCloseOnExec, 0);
        descriptor = opened >= 0 ? new DescriptorHandle(opened) : null;
        return opened >= 0 ? Errno.None : (Errno)Marshal.GetLastPInvokeError();
    }

    /// <summary>Opens a file for reading, and locks nobody out.</summary>
    internal static FileMedium OpenForReading(string path, UringKernel kernel)
    {
        bool isDirect = LibC.OpenDirect != 0;
        SafeFileHandle file = OpenFile(path, LibC.OpenCloseOnExec, ref isDirect);
        try
        {
            long length = RandomAccess.GetLength(file);
            if (length == 0 || length % Medium.BlockBytes != 0)
            {
                throw new MediumUnavailableException(path, MediumUnavailableReason.BadLength);
            }

            if (isDirect && !TakesDirectReads(file))
            {
                file.Dispose();
                isDirect = false;
                file = OpenFile(path, LibC.OpenCloseOnExec, ref isDirect);
            }

            return new FileMedium(
                path,
                ChannelOf(file, isDirect, FileAccessMethod.Best, kernel),
                length / Medium.BlockBytes);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    internal static FileMedium Open(
        string path, long blockCount, bool direct, FileAccessMethod method, UringKernel kernel)
    {
        bool isDirect = direct && LibC.OpenDirect != 0;
        bool isNew = !File.Exists(path);
        SafeFileHandle file = OpenFile(path, OpenFlags, ref isDirect);
        try
        {
            Lock(path, file);
            long length = PrepareLength(path, file, blockCount, isNew);
            if (isDirect && !TakesDirectReads(file))
            {
                // Some file systems accept the flag and refuse the transfers.
                file = Reopen(path, file);
                isDirect = false;
            }

            return new FileMedium(
                path,
                ChannelOf(file, isDirect, method, kernel),
                length / Medium.BlockBytes);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static FileChannel ChannelOf(
        SafeFileHandle file, bool isDirect, FileAccessMethod method, UringKernel kernel) =>
        (isDirect && method != FileAccessMethod.Positioned
            ? UringFileChannel.TryCreate(file, kernel)
            : null)
        ?? (FileChannel)new LinuxFileChannel(file, isDirect);

    private static SafeFileHandle OpenFile(string path, int flags, ref bool isDirect)
    {
        int descriptor = -1;
        if (isDirect)
        {
            descriptor = LibC.Open(path, flags | LibC.OpenDirect, OwnerReadWrite);
            isDirect = descriptor >= 0 || Marshal.GetLastPInvokeError() != LibC.ErrorInvalid;
        }

        if (!isDirect)
        {
            descriptor = LibC.Open(path, flags, OwnerReadWrite);
        }

        return descriptor >= 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw Unavailable(path, Marshal.GetLastPInvokeError());
    }

    private static SafeFileHandle Reopen(string path, SafeFileHandle file)
    {
        file.Dispose();
        bool isDirect = false;
        SafeFileHandle buffered = OpenFile(path, OpenFlags, ref isDirect);
        Lock(path, buffered);
        return buffered;
    }

    // The kernel takes the rings of a killed process down some time after its end. Until then they
    // hold the file, and so the lock, for writes may still be under way: wait, do not pass it by.
    // There is no event for that, and a call of the system that waits cannot be given up.
    private static void Lock(string path, SafeFileHandle file)
    {
        int error = 0;
        if (!SpinWait.SpinUntil(
            () => (error = TryLock(file)) != LibC.ErrorTryAgain, FileMedium.LockPatience))
        {
            throw new MediumUnavailableException(path, MediumUnavailableReason.Locked, error);
        }

        if (error != 0)
        {
            throw Unavailable(path, error);
        }
    }

    private static int TryLock(SafeFileHandle file) =>
        LibC.Lock(file, LibC.LockExclusive | LibC.LockNonBlocking) == 0
            ? 0
            : Marshal.GetLastPInvokeError();

    private static long PrepareLength(
        string path, SafeFileHandle file, long blockCount, bool isNew)
    {
        long length = RandomAccess.GetLength(file);
        if (length % Medium.BlockBytes != 0)
        {
            throw new MediumUnavailableException(path, MediumUnavailableReason.BadLength);
        }

        if (length > 0)
        {
            return length;
        }

        // The name and the length must survive a loss of power before any block is acknowledged.
        long wanted = blockCount * Medium.BlockBytes;
        if (LibC.Truncate(file, wanted) != 0 || LibC.Sync(file) != 0)
        {
            MediumUnavailableException failure = Unavailable(
                path, Marshal.GetLastPInvokeError());
            if (isNew)
            {
                File.Delete(path);
            }

            throw failure;
        }

        SyncDirectory(path);
        return wanted;
    }

    private static void SyncDirectory(string path)
    {
        string directory = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
        int descriptor = LibC.Open(directory, LibC.OpenCloseOnExec, 0);
        if (descriptor < 0)
        {
            throw Unavailable(path, Marshal.GetLastPInvokeError());
        }

        using SafeFileHandle handle = new(descriptor, ownsHandle: true);
        if (LibC.Sync(handle) != 0 && Marshal.GetLastPInvokeError() != LibC.ErrorInvalid)
        {
            throw Unavailable(path, Marshal.GetLastPInvokeError());
        }
    }

    private static unsafe bool TakesDirectReads(SafeFileHandle file)
    {
        // SAFETY: one block of aligned memory, freed before we return.
        void* block = NativeMemory.AlignedAlloc(Medium.BlockBytes, Medium.BlockBytes);
        IoVector vector = new() { Address = (nint)block, Length = Medium.BlockBytes };
        bool taken = LibC.ReadVector(file, &vector, 1, 0) >= 0
            || Marshal.GetLastPInvokeError() != LibC.ErrorInvalid;
        NativeMemory.AlignedFree(block);
        return taken;
    }

    private static MediumUnavailableException Unavailable(string path, int error)
    {
        MediumUnavailableReason reason = error switch
        {
            LibC.ErrorNoEntry => MediumUnavailableReason.NotFound,
            LibC.ErrorPermission or LibC.ErrorAccess or LibC.ErrorReadOnly =>
                MediumUnavailableReason.ReadOnly,
            LibC.ErrorTooLarge or LibC.ErrorInvalid => MediumUnavailableReason.TooLarge,
            _ => MediumUnavailableReason.Other,
        };
        return new MediumUnavailableException(path, reason, error);
    }
}
