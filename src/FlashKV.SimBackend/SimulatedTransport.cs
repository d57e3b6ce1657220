using System.Diagnostics;
using FlashKV.SimBackend.Afu;
using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend;

/// <summary>
/// The control seam of a simulated adapter, for one calling process whose memory is this one's.
/// </summary>
internal sealed class SimulatedTransport : IControlTransport<SimulatedRegisters>
{
    private readonly AdapterDriver _driver;
    private readonly Caller _caller;

    internal SimulatedTransport(AdapterDriver driver, Caller caller)
    {
        Debug.Assert(caller.Memory.IsLocal, "its windows are used in this process");
        _driver = driver;
        _caller = caller;
    }

    public Errno Open(string path, DeviceAccess access, out int descriptor) =>
        _driver.Open(path, access, out descriptor);

    public Errno Ioctl(int descriptor, uint request, Span<byte> argument) =>
        _driver.Ioctl(_caller, descriptor, request, argument);

    public Errno Map(int descriptor, long length, out SimulatedRegisters window)
    {
        Errno errno = _driver.Map(_caller, descriptor, length, out RegisterMapping? mapping);
        window = mapping is null ? default : new SimulatedRegisters(mapping);
        return errno;
    }

    public void Unmap(SimulatedRegisters window)
    {
        if (window.Mapping is { } mapping)
        {
            _driver.Unmap(_caller, mapping);
        }
    }

    public Errno Poll(int descriptor, int timeoutMilliseconds, out bool readable) =>
        _driver.Poll(descriptor, timeoutMilliseconds, out readable);

    public Errno Read(int descriptor, Span<byte> buffer, out int length) =>
        _driver.Read(descriptor, buffer, out length);

    public Errno Close(int descriptor) => _driver.Close(_caller, descriptor);
}
