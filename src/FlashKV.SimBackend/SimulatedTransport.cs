using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend;

/// <summary>The control seam of a simulated adapter, for one calling process.</summary>
internal sealed class SimulatedTransport(AdapterDriver driver, Caller caller)
    : IControlTransport<SimulatedRegisters>
{
    public Errno Open(string path, DeviceAccess access, out int descriptor) =>
        driver.Open(path, access, out descriptor);

    public Errno Ioctl(int descriptor, uint request, Span<byte> argument) =>
        driver.Ioctl(caller, descriptor, request, argument);

    public Errno Map(int descriptor, long length, out SimulatedRegisters window) =>
        driver.Map(caller, descriptor, length, out window);

    public void Unmap(SimulatedRegisters window) => driver.Unmap(caller, window);

    public Errno Poll(int descriptor, int timeoutMilliseconds, out bool readable) =>
        driver.Poll(descriptor, timeoutMilliseconds, out readable);

    public Errno Read(int descriptor, Span<byte> buffer, out int length) =>
        driver.Read(descriptor, buffer, out length);

    public Errno Close(int descriptor) => driver.Close(caller, descriptor);
}
