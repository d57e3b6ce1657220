using System.Diagnostics;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// What the contexts of one adapter have in common: LUNs, ports, LUN tables, the way commands are
/// submitted. Nothing here is written on the data path.
/// </summary>
internal sealed class AfuModel
{
    private readonly AfuTarget[] _targets;
    private readonly ulong[][] _lunTables;
    private int _selectedPorts;
    private int _onlinePorts;
    private int _usablePorts;

    internal AfuModel(
        AfuTarget[] targets, int portCount, SubmissionMode mode, int commandRooms)
    {
        Debug.Assert(portCount is >= 1 and <= CxlflashLimits.MaxFcPorts, "ports of the adapter");
        _targets = targets;
        PortCount = portCount;
        Mode = mode;
        CommandRoomCount = commandRooms;
        _lunTables = new ulong[portCount][];
        for (int port = 0; port < portCount; port++)
        {
            _lunTables[port] = new ulong[CxlflashLimits.LunTableSlots];
        }

        AllPorts = (1 << portCount) - 1;
        _selectedPorts = AllPorts;
        _onlinePorts = AllPorts;
        _usablePorts = AllPorts;
    }

    /// <summary>The number of Fibre Channel ports.</summary>
    internal int PortCount { get; }

    /// <summary>The mask of all ports.</summary>
    internal int AllPorts { get; }

    /// <summary>How commands are submitted.</summary>
    internal SubmissionMode Mode { get; }

    /// <summary>The command rooms of each context.</summary>
    internal int CommandRoomCount { get; }

    /// <summary>The errors to give to chosen commands.</summary>
    internal CommandFaultPlan Faults { get; } = new();

    /// <summary>Room for the data of clients whose memory is copied.</summary>
    internal BounceArenas Arenas { get; } = new();

    /// <summary>The ports that are selected (afu_port_sel) and whose link is up.</summary>
    internal int UsablePorts => Volatile.Read(ref _usablePorts);

    /// <summary>The LUNs.</summary>
    internal ReadOnlySpan<AfuTarget> Targets => _targets;

    /// <summary>The LUN table of a port: 512 LUN ids.</summary>
    internal ulong[] LunTable(int port) => _lunTables[port];

    /// <summary>The LUN of a LUN id, if there is one.</summary>
    internal AfuTarget? FindTarget(ulong lunId)
    {
        ulong index = lunId >> 48;
        AfuTarget? target = index < (ulong)_targets.Length ? _targets[index] : null;
        return target is not null && target.LunId == lunId ? target : null;
    }

    /// <summary>Writes afu_port_sel.</summary>
    internal void SelectPorts(int mask)
    {
        _selectedPorts = mask;
        UpdateUsablePorts();
    }

    /// <summary>Takes the link of a port up or down.</summary>
    internal void SetLink(int port, bool isUp)
    {
        int bit = 1 << port;
        _ = isUp ? Interlocked.Or(ref _onlinePorts, bit) : Interlocked.And(ref _onlinePorts, ~bit);
        UpdateUsablePorts();
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
        ushort handle, ContextEvents events, ClientMemory memory) =>
        memory.IsLocal
            ? new AfuContext<LocalMemory>(this, handle, events, default)
            : new AfuContext<ProcessMemory>(
                this, handle, events, new ProcessMemory(memory.ProcessId));

    private void UpdateUsablePorts() =>
        Volatile.Write(ref _usablePorts, _selectedPorts & Volatile.Read(ref _onlinePorts));
}
