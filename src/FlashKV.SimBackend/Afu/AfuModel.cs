using System.Diagnostics;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// What the contexts of one adapter have in common: LUNs, ports, registers, the way commands are
/// submitted. Nothing here is written on the data path.
/// </summary>
internal sealed class AfuModel
{
    /// <summary>The context of the driver itself.</summary>
    internal const ushort MasterHandle = 0;

    private readonly Lock _portLock = new();
    private readonly AfuTarget[] _targets;
    private readonly FcPort[] _ports;
    private readonly AfuContext?[] _contexts = new AfuContext?[CxlflashLimits.MaxContexts];
    private int _onlinePorts;
    private int _usablePorts;
    private long _portLosses;

    internal AfuModel(
        AfuTarget[] targets,
        int portCount,
        SubmissionMode mode,
        int commandRooms,
        SislInterfaceCapabilities capabilities = SislInterfaceCapabilities.None)
    {
        Debug.Assert(portCount is >= 1 and <= CxlflashLimits.MaxFcPorts, "ports of the adapter");
        _targets = targets;
        PortCount = portCount;
        Mode = mode;
        IsOpenCapi = (capabilities & SislInterfaceCapabilities.OcxlLisn) != 0;
        CommandRoomCount = commandRooms;
        AllPorts = (1 << portCount) - 1;
        _ports = [.. Enumerable.Range(0, portCount).Select(index => new FcPort(index))];
        _onlinePorts = AllPorts;
        _usablePorts = AllPorts;
        Registers = new GlobalRegisters(mode, AllPorts, capabilities);
        Commands = new AfuCommands(this);
        Map = new AfuRegisterMap(this);
        Master = CreateContext(MasterHandle, new ContextEvents(MasterHandle), ClientMemory.Local);
        Master.Control.SetUpMaster();
        Registers.InterruptRaised += () => Master.Events.RaiseInterrupt(SislLisn.AsyncError);
    }

    /// <summary>The number of Fibre Channel ports.</summary>
    internal int PortCount { get; }

    /// <summary>The mask of all ports.</summary>
    internal int AllPorts { get; }

    /// <summary>Whether interrupts go to addresses that the driver programs (OpenCAPI).</summary>
    internal bool IsOpenCapi { get; }

    /// <summary>How commands are submitted.</summary>
    internal SubmissionMode Mode { get; }

    /// <summary>The command rooms of each context.</summary>
    internal int CommandRoomCount { get; }

    /// <summary>The errors to give to chosen commands.</summary>
    internal CommandFaultPlan Faults { get; } = new();

    /// <summary>Room for the data of clients whose memory is copied.</summary>
    internal BounceArenas Arenas { get; } = new();

    /// <summary>The global registers.</summary>
    internal GlobalRegisters Registers { get; }

    /// <summary>
    /// Whether RHT and LXT are in the byte order that this machine does not have (afu_config).
    /// </summary>
    internal bool HasSwappedTables => ByteOrder.IsForeign(
        isBigEndian: (Registers.Config & SislAfuConfig.LittleEndian) == 0);

    /// <summary>The commands to the AFU itself.</summary>
    internal AfuCommands Commands { get; }

    /// <summary>All registers at their addresses.</summary>
    internal AfuRegisterMap Map { get; }

    /// <summary>The driver's own context: its rights let it command the AFU itself.</summary>
    internal AfuContext Master { get; }

    /// <summary>The ports that are selected (afu_port_sel) and whose link is up.</summary>
    internal int UsablePorts => Volatile.Read(ref _usablePorts);

    /// <summary>How often a port has been lost that may have had commands in flight.</summary>
    internal long PortLosses => Volatile.Read(ref _portLosses);

    /// <summary>The LUNs.</summary>
    internal ReadOnlySpan<AfuTarget> Targets => _targets;

    /// <summary>A port, counted from 0.</summary>
    internal FcPort Port(int port) => _ports[port];

    /// <summary>The LUN table of a port: 512 LUN ids.</summary>
    internal ulong[] LunTable(int port) => _ports[port].LunTable;

    /// <summary>The LUN of a LUN id, if there is one.</summary>
    internal AfuTarget? FindTarget(ulong lunId)
    {
        ulong index = lunId >> 48;
        AfuTarget? target = index < (ulong)_targets.Length ? _targets[index] : null;
        return target is not null && target.LunId == lunId ? target : Commands.FindTarget(lunId);
    }

    /// <summary>The context at a handle, if there is one that is not lost.</summary>
    internal AfuContext? FindContext(int handle) =>
        (uint)handle < (uint)_contexts.Length ? Volatile.Read(ref _contexts[handle]) : null;

    /// <summary>
    /// Whether a context may translate addresses for others, as the driver's does for its users.
    /// </summary>
    internal bool TranslatesForOthers(int handle) =>
        FindContext(handle) is { } context
        && (context.Control.Capabilities & SislCtxCap.HostXlate) != SislCtxCap.None;

    /// <summary>Writes afu_port_sel.</summary>
    internal void SelectPorts(int mask)
    {
        Registers.Write(SislGlobalRegisters.AfuPortSel, (ulong)mask);
        UpdatePorts();
    }

    /// <summary>Takes the link of a port up or down.</summary>
    internal void SetLink(int port, bool isUp)
    {
        _ports[port].SetLink(isUp);
        UpdatePorts();
    }

    /// <summary>Whether the link of a port is up.</summary>
    internal bool IsLinkUp(int port) => (Volatile.Read(ref _onlinePorts) & (1 << port)) != 0;

    /// <summary>Makes a context.</summary>
    /// <param name="handle">Its handle.</param>
    /// <param name="events">Where its events go.</param>
    /// <param name="memory">Where the memory of its client is.</param>
    /// <exception cref="PlatformNotSupportedException">
    /// The memory is another process's and this system cannot reach it.
    /// </exception>
    internal AfuContext CreateContext(
        ushort handle, ContextEvents events, ClientMemory memory)
    {
        AfuContext context = memory.IsLocal
            ? new AfuContext<LocalMemory>(this, handle, events, default)
            : new AfuContext<ProcessMemory>(
                this, handle, events, new ProcessMemory(memory.ProcessId));
        Volatile.Write(ref _contexts[handle], context);
        return context;
    }

    /// <summary>Takes a context that is lost out of the map.</summary>
    internal void Forget(AfuContext context) =>
        Interlocked.CompareExchange(ref _contexts[context.Handle], null, context);

    /// <summary>
    /// Finds out which ports have come and gone, tells the driver, and marks the commands in flight
    /// on those that have gone.
    /// </summary>
    internal void UpdatePorts()
    {
        int before;
        int after = 0;
        lock (_portLock)
        {
            before = _onlinePorts;
            for (int port = 0; port < PortCount; port++)
            {
                after |= _ports[port].IsOnline ? 1 << port : 0;
            }

            _onlinePorts = after;

            // First nobody chooses the port any more, then those that had are lost.
            Volatile.Write(ref _usablePorts, Registers.SelectedPorts & after);
            for (int lost = before & ~after; lost != 0; lost &= lost - 1)
            {
                LosePort(int.TrailingZeroCount(lost));
            }
        }

        for (int changed = before ^ after; changed != 0; changed &= changed - 1)
        {
            int port = int.TrailingZeroCount(changed);
            Registers.Raise(
                port,
                (after & (1 << port)) == 0 ? SislAsyncInterrupts.LinkDn
                    : SislAsyncInterrupts.LinkUp | SislAsyncInterrupts.LogiS);
        }
    }

    private void LosePort(int port)
    {
        // A link that went down is one thing; a port that was taken offline has logged out.
        FcPort lost = _ports[port];
        lost.Lose(_portLosses + 1, lost.IsLinkUp ? SislFcRc.NoLogi : SislFcRc.LinkDown);
        Volatile.Write(ref _portLosses, _portLosses + 1);
    }
}
