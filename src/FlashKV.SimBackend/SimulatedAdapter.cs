using FlashKV.SimBackend.Afu;
using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend;

/// <summary>
/// A superpipe flash adapter in software: driver and AFU in this process, over media of one's
/// choice. Clients reach it through <see cref="Transport"/> exactly as they reach a real one.
/// </summary>
/// <remarks>
/// <para>
/// No thread of its own is started: commands are executed by the threads that wait for them.
/// Neighbouring one-block commands of a batch become one vectored transfer of the medium.
/// </para>
/// <para>
/// The adapter remembers nothing but the media's bytes: which chunks belong to which virtual LUN
/// is forgotten with the last detach, as by the real driver.
/// </para>
/// <para>
/// All members may be called by any number of threads at once, and by media in the middle of a
/// transfer, <see cref="Dispose"/> excepted.
/// </para>
/// </remarks>
public sealed partial class SimulatedAdapter : IDisposable
{
    private readonly AfuModel _afu;

    /// <summary>Makes an adapter with one LUN, <c>/dev/sg0</c>, and default options.</summary>
    /// <param name="medium">Where the LUN's bytes are. The adapter does not dispose of it.</param>
    public SimulatedAdapter(Medium medium)
        : this(new SimulatedAdapterOptions { Luns = [new SimulatedLunOptions(medium)] })
    {
    }

    /// <summary>Makes an adapter, alone in its machine.</summary>
    /// <param name="options">What it is made of.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public SimulatedAdapter(SimulatedAdapterOptions options)
        : this(new DriverModule(), options, LunNames.Of([options]))
    {
    }

    internal SimulatedAdapter(DriverModule module, SimulatedAdapterOptions options, LunNames names)
    {
        Module = module;
        int allPorts = (1 << options.PortCount) - 1;
        AfuTarget[] targets = [.. options.Luns.Select((lun, index) => new AfuTarget(
            index, lun.Medium, lun.PortMask == 0 ? allPorts : lun.PortMask, lun.BlockBytes))];
        _afu = new AfuModel(
            targets,
            options.PortCount,
            options.SubmissionMode,
            options.CommandRooms,
            options.Capabilities);
        Driver = new AdapterDriver(
            module, _afu, options.ContextCount, options.HandlesPerContext)
        {
            ReportsResets = options.ReportsResets,
            Defects = options.Defects,
            Time = options.TimeProvider,
        };
        Transport = TransportFor(new Caller(
            Environment.ProcessId, Memory: options.ClientMemory));
        DevicePaths = [.. Driver.Devices.Select(device => device.Path)];
        foreach (ScsiDevice device in Driver.Devices)
        {
            SimulatedLunOptions lun = options.Luns[device.Target.Index];
            device.Wwid = names.Of(lun);
            if (lun.IsSuperpipe)
            {
                Driver.EnterSuperpipeMode(device, device.Wwid);
            }
        }
    }

    /// <summary>The control seam for clients in this process.</summary>
    public IControlTransport<SimulatedRegisters> Transport { get; }

    /// <summary>
    /// The device paths: first one path to each LUN, in order, then the second paths of those with
    /// several ports, and so on.
    /// </summary>
    public IReadOnlyList<string> DevicePaths { get; }

    /// <summary>How clients hand over their commands.</summary>
    public SubmissionMode SubmissionMode => _afu.Mode;

    /// <summary>The number of Fibre Channel ports.</summary>
    public int PortCount => _afu.PortCount;

    /// <summary>What its driver shares with those of other adapters.</summary>
    internal DriverModule Module { get; }

    /// <summary>The AFU.</summary>
    internal AfuModel Afu => _afu;

    /// <summary>The driver.</summary>
    internal AdapterDriver Driver { get; }

    /// <summary>
    /// Resets the adapter. When the method returns, every register of every context reads all ones
    /// and no command of theirs will be answered; contexts come back by RECOVER_AFU.
    /// </summary>
    public void Reset() => Driver.Reset();

    /// <summary>
    /// Ends the adapter for good, as when a card is lost: registers read all ones, and recovery is
    /// refused with <see cref="Errno.NoDevice"/>.
    /// </summary>
    public void Fail() => Driver.Fail();

    /// <summary>Whether the link of a port is up.</summary>
    /// <param name="port">The port, counted from 0.</param>
    /// <returns>Whether it is up, as it is at the start.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such port.</exception>
    public bool IsLinkUp(int port)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(port);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(port, _afu.PortCount);
        return _afu.IsLinkUp(port);
    }

    /// <summary>
    /// Changes the capacity of a LUN. The next command on it ends with a unit attention (6/2A/09),
    /// and VERIFY then finds the new capacity.
    /// </summary>
    /// <param name="lun">The LUN's position in the options.</param>
    /// <param name="blocks">
    /// The capacity in blocks of 4,096 bytes, at most that of the medium.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// There is no such LUN, or the medium is smaller.
    /// </exception>
    /// <remarks>
    /// As on a real LUN, virtual LUNs keep the chunks that they have; blocks beyond the capacity end
    /// with sense data.
    /// </remarks>
    public void SetCapacity(int lun, long blocks)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lun);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(lun, _afu.Targets.Length);
        ArgumentOutOfRangeException.ThrowIfLessThan(blocks, 1);
        AfuTarget target = _afu.Targets[lun];
        ArgumentOutOfRangeException.ThrowIfGreaterThan(blocks, target.Medium.BlockCount);
        target.SetBlockCount(blocks);
    }

    /// <summary>Where the bytes of a LUN are.</summary>
    internal Medium MediumOf(int lun) => _afu.Targets[lun].Medium;

    /// <summary>The number of LUNs.</summary>
    internal int LunCount => _afu.Targets.Length;

    /// <summary>Counts what has been done so far.</summary>
    /// <returns>The counts; those of running batches may be missing.</returns>
    public SimulatedAdapterStatistics GetStatistics()
    {
        CommandCounters total = Driver.SumCounters();
        return new SimulatedAdapterStatistics(
            total.Commands,
            total.FailedCommands,
            total.Transfers,
            total.BlocksRead * Medium.BlockBytes,
            total.BlocksWritten * Medium.BlockBytes,
            total.BlocksDiscarded * Medium.BlockBytes,
            Driver.ResetCount);
    }

    /// <summary>
    /// Ends the adapter. Contexts that are still attached are lost; transfers under way are waited
    /// for. The media stay open.
    /// </summary>
    public void Dispose() => Driver.Dispose();

    /// <summary>The control seam as another process would see it.</summary>
    internal IControlTransport<SimulatedRegisters> TransportFor(Caller caller) =>
        new SimulatedTransport(Module.ProcessOf(caller));
}
