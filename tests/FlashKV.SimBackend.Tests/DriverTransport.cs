using FlashKV.SimBackend.Afu;
using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Tests;

/// <summary>The driver's calls as a process makes them, wherever its memory is.</summary>
internal sealed class DriverTransport(AdapterDriver driver, Caller caller)
    : IControlTransport<ContextRegisters>
{
    public Errno Open(string path, DeviceAccess access, out int descriptor) =>
        driver.Open(path, access, out descriptor);

    public Errno Ioctl(int descriptor, uint request, Span<byte> argument) =>
        driver.Ioctl(caller, descriptor, request, argument);

    public Errno Map(int descriptor, long length, out ContextRegisters window)
    {
        Errno errno = driver.Map(caller, descriptor, length, out RegisterMapping? mapping);
        window = new ContextRegisters(mapping!);
        return errno;
    }

    public void Unmap(ContextRegisters window)
    {
        if (window.Mapping is { } mapping)
        {
            driver.Unmap(caller, mapping);
        }
    }

    public Errno Poll(int descriptor, int timeoutMilliseconds, out bool readable) =>
        driver.Poll(descriptor, timeoutMilliseconds, out readable);

    public Errno Read(int descriptor, Span<byte> buffer, out int length) =>
        driver.Read(descriptor, buffer, out length);

    public Errno Close(int descriptor) => driver.Close(caller, descriptor);
}
