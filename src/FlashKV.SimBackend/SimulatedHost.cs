using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend;

/// <summary>
/// A machine with several superpipe flash adapters in software. What the drivers of a real machine
/// share is shared here: a LUN that several adapters see has one mode and one set of chunks.
/// </summary>
/// <remarks>
/// Two adapters see one LUN if both have a LUN with the same medium in their options, which then
/// has one world-wide identifier. For a single adapter, <see cref="SimulatedAdapter"/> is enough.
/// </remarks>
public sealed class SimulatedHost : IDisposable
{
    /// <summary>Makes a host and its adapters.</summary>
    /// <param name="options">What it is made of.</param>
    /// <exception cref="ArgumentException">
    /// An option is out of range; or two LUNs have one identifier, or one LUN has two.
    /// </exception>
    public SimulatedHost(SimulatedHostOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        LunNames names = LunNames.Of(options.Adapters);
        Adapters = [.. options.Adapters.Select(
            adapter => new SimulatedAdapter(Module, adapter, names))];
        Transport = Adapters[0].Transport;
        DevicePaths = [.. Adapters.SelectMany(adapter => adapter.DevicePaths)];
    }

    /// <summary>The adapters, in the order of the options.</summary>
    public IReadOnlyList<SimulatedAdapter> Adapters { get; }

    /// <summary>The control seam for clients in this process, to all adapters.</summary>
    public IControlTransport<SimulatedRegisters> Transport { get; }

    /// <summary>The device paths of all adapters, adapter by adapter.</summary>
    public IReadOnlyList<string> DevicePaths { get; }

    /// <summary>What the drivers of the adapters share.</summary>
    internal DriverModule Module { get; } = new();

    /// <summary>Ends all adapters, as <see cref="SimulatedAdapter.Dispose"/> does.</summary>
    public void Dispose()
    {
        foreach (SimulatedAdapter adapter in Adapters)
        {
            adapter.Dispose();
        }
    }

    /// <summary>The control seam as another process would see it.</summary>
    internal IControlTransport<SimulatedRegisters> TransportFor(Caller caller) =>
        new SimulatedTransport(Module.ProcessOf(caller));
}
