using FlashKV.SimBackend;
using FlashKV.Superpipe;

namespace FlashKV.Opening;

/// <summary>
/// The embedded default: the adapter in software, over a file of the store. The only place in the
/// store that names the simulation.
/// </summary>
internal sealed class EmbeddedDevice : IDisposable
{
    private readonly Medium _medium;
    private readonly SimulatedAdapter _adapter;

    private EmbeddedDevice(Medium medium)
    {
        _medium = medium;
        _adapter = new SimulatedAdapter(medium);
        Device = SuperpipeDevice.Open(_adapter.Transport, _adapter.DevicePaths[0]);
    }

    public SuperpipeDevice Device { get; }

    /// <summary>
    /// Opens the file; makes it, sparse and of the given size, where it is missing.
    /// </summary>
    /// <exception cref="FlashStoreException">The file cannot be had.</exception>
    public static EmbeddedDevice Open(string path, long capacity)
    {
        try
        {
            return new EmbeddedDevice(FileMedium.Open(path, capacity / Lun.BlockSize));
        }
        catch (IOException exception)
        {
            throw new FlashStoreException(
                $"The device file '{path}' cannot be used: {exception.Message}", exception);
        }
    }

    public void Dispose()
    {
        Device.Dispose();
        _adapter.Dispose();
        _medium.Dispose();
    }
}
