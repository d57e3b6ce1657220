using System.Security.Cryptography;
using FlashKV.SimBackend;
using FlashKV.Superpipe;

namespace FlashKV.Opening;

/// <summary>
/// The embedded default: the adapter in software, over a file of the store; and its clone in
/// another process, an AFU over the same file whose driver is here. The only place in the store
/// that names the simulation.
/// </summary>
internal sealed class EmbeddedDevice : IDisposable
{
    private readonly Stack<IDisposable> _held = new();
    private readonly SimulatedHost? _host;
    private AdapterServer? _server;

    private EmbeddedDevice(Medium medium)
    {
        _held.Push(medium);
        _host = new SimulatedHost(new SimulatedHostOptions
        {
            Adapters = [new SimulatedAdapterOptions { Luns = [new SimulatedLunOptions(medium)] }],
        });
        _held.Push(_host);
        DevicePath = _host.DevicePaths[0];
        Device = SuperpipeDevice.Open(_host.Transport, DevicePath);
    }

    private EmbeddedDevice(CloneTransport transport, string path)
    {
        _held.Push(transport);
        DevicePath = path;
        try
        {
            Device = SuperpipeDevice.Open(transport, path);
        }
        catch
        {
            transport.Dispose();
            throw;
        }
    }

    public SuperpipeDevice Device { get; }

    /// <summary>The path of the device at its driver.</summary>
    public string DevicePath { get; }

    /// <summary>The adapter, for tests that look at its driver; null in a clone.</summary>
    internal SimulatedAdapter? Adapter => _host?.Adapters[0];

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

    /// <summary>Opens the device of another process, to clone its LUNs and read them.</summary>
    /// <param name="address">Where its driver is served.</param>
    /// <param name="path">The path of the device there.</param>
    /// <exception cref="IOException">It cannot be reached.</exception>
    public static EmbeddedDevice OpenClone(string address, string path) =>
        new(CloneTransport.Connect(address), path);

    /// <summary>Serves the driver to processes that clone; says where. One thread.</summary>
    public string ServeDriver()
    {
        if (_server is null)
        {
            string name = "@flashkv-driver-"
                + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
            _server = AdapterServer.StartForClones(_host!, name);
        }

        return _server.SocketPath;
    }

    public void Dispose()
    {
        _server?.Dispose();
        Device.Dispose();
        while (_held.TryPop(out IDisposable? held))
        {
            held.Dispose();
        }
    }
}
