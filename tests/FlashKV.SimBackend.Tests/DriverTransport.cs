using FlashKV.SimBackend.Afu;
using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Tests;

/// <summary>The driver's calls as a process makes them, wherever its memory is.</summary>
internal sealed class DriverTransport(HostProcess process)
    : IControlTransport<ContextRegisters>
{
    public Errno Open(string path, DeviceAccess access, out int descriptor) =>
        process.Open(path, access, out descriptor);

    public Errno Ioctl(int descriptor, uint request, Span<byte> argument) =>
        process.Ioctl(descriptor, request, argument);

    public Errno Map(int descriptor, long length, out ContextRegisters window)
    {
        Errno errno = process.Map(descriptor, length, out RegisterMapping? mapping);
        window = new ContextRegisters(mapping!);
        return errno;
    }

    public void Unmap(ContextRegisters window)
    {
        if (window.Mapping is { } mapping)
        {
            process.Unmap(mapping);
        }
    }

    public Errno Poll(int descriptor, int timeoutMilliseconds, out bool readable) =>
        process.Poll(descriptor, timeoutMilliseconds, out readable);

    public Errno Read(int descriptor, Span<byte> buffer, out int length) =>
        process.Read(descriptor, buffer, out length);

    public Errno Close(int descriptor) => process.Close(descriptor);
}
