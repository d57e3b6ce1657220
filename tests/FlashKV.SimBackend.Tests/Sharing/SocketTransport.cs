using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Tests.Sharing;

/// <summary>A transport to another process with the window that the tests' client uses.</summary>
internal sealed class SocketTransport(SharedAdapterTransport transport)
    : IControlTransport<ContextRegisters>
{
    public Errno Open(string path, DeviceAccess access, out int descriptor) =>
        transport.Open(path, access, out descriptor);

    public Errno Ioctl(int descriptor, uint request, Span<byte> argument) =>
        transport.Ioctl(descriptor, request, argument);

    public Errno Map(int descriptor, long length, out ContextRegisters window)
    {
        Errno errno = transport.Map(descriptor, length, out SharedRegisters shared);
        window = new ContextRegisters(shared);
        return errno;
    }

    public void Unmap(ContextRegisters window) => transport.Unmap(window.Shared);

    public Errno Poll(int descriptor, int timeoutMilliseconds, out bool readable) =>
        transport.Poll(descriptor, timeoutMilliseconds, out readable);

    public Errno Read(int descriptor, Span<byte> buffer, out int length) =>
        transport.Read(descriptor, buffer, out length);

    public Errno Close(int descriptor) => transport.Close(descriptor);
}
