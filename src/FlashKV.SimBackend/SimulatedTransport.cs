using FlashKV.SimBackend.Afu;
using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend;

/// <summary>
/// The control seam of a simulated machine, for one process of it whose memory is this one's.
/// </summary>
internal sealed class SimulatedTransport : IControlTransport<SimulatedRegisters>
{
    private readonly HostProcess _process;

    internal SimulatedTransport(HostProcess process)
    {
        _process = process;
    }

    public Errno Open(string path, DeviceAccess access, out int descriptor) =>
        _process.Open(path, access, out descriptor);

    public Errno Ioctl(int descriptor, uint request, Span<byte> argument) =>
        _process.Ioctl(descriptor, request, argument);

    public Errno Map(int descriptor, long length, out SimulatedRegisters window)
    {
        Errno errno = _process.Map(descriptor, length, out RegisterMapping? mapping);
        window = mapping is null ? default : new SimulatedRegisters(mapping);
        return errno;
    }

    public void Unmap(SimulatedRegisters window)
    {
        if (window.Mapping is { } mapping)
        {
            _process.Unmap(mapping);
        }
    }

    public Errno Poll(int descriptor, int timeoutMilliseconds, out bool readable) =>
        _process.Poll(descriptor, timeoutMilliseconds, out readable);

    public Errno Read(int descriptor, Span<byte> buffer, out int length) =>
        _process.Read(descriptor, buffer, out length);

    public Errno Close(int descriptor) => _process.Close(descriptor);
}
