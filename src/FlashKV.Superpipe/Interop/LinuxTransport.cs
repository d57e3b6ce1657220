using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Mmio;

namespace FlashKV.Superpipe.Interop;

/// <summary>The control seam on a Linux kernel with a superpipe driver.</summary>
/// <remarks>
/// A call that a signal interrupts before it has done anything (EINTR; the driver's ERESTARTSYS is
/// that or a restart by the kernel) is repeated, a bounded number of times. A close is not: the
/// descriptor is closed all the same, and may be another's by then.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed unsafe class LinuxTransport : IControlTransport<MappedRegisters>
{
    private const int Failed = -1;
    private const int MaxAttempts = 100;

    public Errno Open(string path, DeviceAccess access, out int descriptor)
    {
        Errno errno = Errno.Interrupted;
        descriptor = Failed;
        for (int i = 0; i < MaxAttempts && errno == Errno.Interrupted; i++)
        {
            descriptor = Libc.Open(path, (int)access | Libc.NonBlocking | Libc.CloseOnExec, 0);
            errno = ErrnoOf(descriptor);
        }

        return errno;
    }

    public Errno Ioctl(int descriptor, uint request, Span<byte> argument)
    {
        if (argument.Length < IoctlRequest.SizeOf(request))
            return Errno.BadAddress;

        // SAFETY: the argument is as long as the request number states, and is pinned for the calls.
        Errno errno = Errno.Interrupted;
        fixed (byte* pointer = argument)
        {
            for (int i = 0; i < MaxAttempts && errno == Errno.Interrupted; i++)
                errno = ErrnoOf(Libc.Ioctl(descriptor, request, pointer));
        }

        return errno;
    }

    public Errno Map(int descriptor, long length, out MappedRegisters window)
    {
        window = default;
        nint address = Libc.Mmap(
            0, (nuint)length, Libc.ProtectReadWrite, Libc.MapShared, descriptor, 0);
        if (address == Failed)
            return LastErrno();

        // Events are read without blocking.
        int flags = Libc.Fcntl(descriptor, Libc.GetFlags, 0);
        if (flags == Failed
            || Libc.Fcntl(descriptor, Libc.SetFlags, flags | Libc.NonBlocking) == Failed)
        {
            Errno errno = LastErrno();
            Libc.Munmap(address, (nuint)length);
            return errno;
        }

        window = new MappedRegisters(address, length);
        return Errno.None;
    }

    public void Unmap(MappedRegisters window)
    {
        if (window.Address != 0)
            Libc.Munmap(window.Address, (nuint)window.Length);
    }

    public Errno Poll(int descriptor, int timeoutMilliseconds, out bool readable)
    {
        readable = false;
        PollEntry entry = new() { Descriptor = descriptor, Events = Libc.PollIn };
        if (Libc.Poll(&entry, 1, timeoutMilliseconds) == Failed)
            return LastErrno();
        if ((entry.ReturnedEvents & Libc.PollInvalid) != 0)
            return Errno.BadDescriptor;

        readable = (entry.ReturnedEvents & Libc.PollIn) != 0;
        return !readable && (entry.ReturnedEvents & (Libc.PollError | Libc.PollHangUp)) != 0
            ? Errno.InputOutput
            : Errno.None;
    }

    public Errno Read(int descriptor, Span<byte> buffer, out int length)
    {
        // SAFETY: the buffer is pinned for the call, which is told its length.
        fixed (byte* pointer = buffer)
            length = (int)Libc.Read(descriptor, pointer, (nuint)buffer.Length);
        if (length > 0)
            return Errno.None;

        // Events have a length; the end of a file is that of the context.
        Errno errno = length == 0 ? Errno.InputOutput : LastErrno();
        length = 0;
        return errno;
    }

    // The number of an interrupted close is no failure: see above.
    public Errno Close(int descriptor)
    {
        Errno errno = ErrnoOf(Libc.Close(descriptor));
        return errno == Errno.Interrupted ? Errno.None : errno;
    }

    private static Errno ErrnoOf(int result) => result == Failed ? LastErrno() : Errno.None;

    private static Errno LastErrno() => (Errno)Marshal.GetLastPInvokeError();
}
