using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Mmio;

namespace FlashKV.Superpipe.Interop;

/// <summary>The control seam on a Linux kernel with a superpipe driver.</summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class LinuxTransport : IControlTransport<MappedRegisters>
{
    private const int Failed = -1;

    public Errno Open(string path, DeviceAccess access, out int descriptor)
    {
        descriptor = Libc.Open(path, (int)access | Libc.NonBlocking | Libc.CloseOnExec, 0);
        return descriptor == Failed ? LastErrno() : Errno.None;
    }

    public Errno Ioctl(int descriptor, uint request, Span<byte> argument)
    {
        if (argument.Length < IoctlRequest.SizeOf(request))
            return Errno.BadAddress;

        // SAFETY: the argument is as long as the request number states, and is pinned for the call.
        fixed (byte* pointer = argument)
            return Libc.Ioctl(descriptor, request, pointer) == Failed ? LastErrno() : Errno.None;
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

        readable = (entry.ReturnedEvents & Libc.PollIn) != 0;
        return !readable && (entry.ReturnedEvents & Libc.PollError) != 0
            ? Errno.InputOutput
            : Errno.None;
    }

    public Errno Read(int descriptor, Span<byte> buffer, out int length)
    {
        // SAFETY: the buffer is pinned for the call, which is told its length.
        fixed (byte* pointer = buffer)
            length = (int)Libc.Read(descriptor, pointer, (nuint)buffer.Length);
        if (length != Failed)
            return Errno.None;

        length = 0;
        return LastErrno();
    }

    public Errno Close(int descriptor) =>
        Libc.Close(descriptor) == Failed ? LastErrno() : Errno.None;

    private static Errno LastErrno() => (Errno)Marshal.GetLastPInvokeError();
}
