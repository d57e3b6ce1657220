using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend;

/// <content>What can be made to go wrong.</content>
public sealed partial class SimulatedAdapter
{
    /// <summary>Takes the link of a port up or down.</summary>
    /// <param name="port">The port, counted from 0.</param>
    /// <param name="isUp">Whether the link is to be up, as it is at the start.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such port.</exception>
    /// <remarks>
    /// Commands in flight on a port that goes down end with LINKDOWN (Fibre Channel 57). Later ones
    /// choose among the ports that are up; without any they end with NO_CHANNELS (20).
    /// </remarks>
    public void SetLink(int port, bool isUp)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(port);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(port, _afu.PortCount);
        _afu.SetLink(port, isUp);
    }

    /// <summary>
    /// Lets a port report an event. What the driver does about it, a thread of the pool does.
    /// </summary>
    /// <param name="port">The port, counted from 0.</param>
    /// <param name="portEvent">The event.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// There is no such port, or no such event.
    /// </exception>
    /// <remarks>
    /// While a link is reset, commands go over the adapter's other ports; without any that leads to
    /// their LUN they end with NO_CHANNELS (20). Commands in flight are waited for. Contexts, LUNs
    /// and handles stay.
    /// </remarks>
    public void SignalPortEvent(int port, PortEvent portEvent)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(port);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(port, _afu.PortCount);
        SislAsyncInterrupts interrupt = portEvent switch
        {
            PortEvent.OtherError => SislAsyncInterrupts.Other,
            PortEvent.LoggedOut => SislAsyncInterrupts.Logo,
            PortEvent.CrcErrors => SislAsyncInterrupts.CrcT,
            PortEvent.LoginTimedOut => SislAsyncInterrupts.LogiR,
            PortEvent.LoginFailed => SislAsyncInterrupts.LogiF,
            PortEvent.LoginSucceeded => SislAsyncInterrupts.LogiS,
            _ => throw new ArgumentOutOfRangeException(
                nameof(portEvent), portEvent, "There is no such event of a port."),
        };
        if (portEvent is PortEvent.OtherError or PortEvent.LoginFailed)
        {
            const ulong AnyError = 1;
            _afu.Port(port).NoteErrors(AnyError);
        }

        _afu.Registers.Raise(port, interrupt);
    }

    /// <summary>Makes the next command on a LUN end with a unit attention (sense key 6).</summary>
    /// <param name="lun">The LUN's position in the options.</param>
    /// <param name="asc">
    /// The additional sense code: 0x29 reset, 0x2A parameters changed, 0x3F LUNs changed.
    /// </param>
    /// <param name="ascq">Its qualifier.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such LUN.</exception>
    public void InjectUnitAttention(int lun, byte asc, byte ascq = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lun);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(lun, _afu.Targets.Length);
        _afu.Targets[lun].RaiseUnitAttention(
            new ScsiSense(ScsiSenseKey.UnitAttention, asc, ascq));
    }

    /// <summary>Makes one of the coming commands go wrong.</summary>
    /// <param name="fault">How.</param>
    /// <param name="commandsBefore">
    /// How many commands, of all contexts together, pass before it; 0 strikes the next. Commands
    /// that are refused for want of rights or of a resource handle are not counted.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public void InjectFault(CommandFault fault, long commandsBefore = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(commandsBefore);
        _afu.Faults.Add(PlannedFault.Of(Checked(fault)), commandsBefore);
    }

    /// <summary>Makes one of the coming commands end in a certain way.</summary>
    /// <param name="ending">How.</param>
    /// <param name="commandsBefore">As for the other faults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public void InjectFault(CommandEnding ending, long commandsBefore = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(commandsBefore);
        _afu.Faults.Add(PlannedFault.Of(Checked(ending)), commandsBefore);
    }

    /// <summary>
    /// Makes commands go wrong by chance, until <see cref="ClearFaults"/>.
    /// </summary>
    /// <param name="fault">How.</param>
    /// <param name="oneIn">On average one command in so many is struck; 1 strikes all.</param>
    /// <param name="seed">The same seed strikes the same commands, counted as above.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public void InjectFaults(CommandFault fault, int oneIn, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(oneIn, 1);
        _afu.Faults.AddChance(PlannedFault.Of(Checked(fault)), oneIn, seed);
    }

    /// <summary>
    /// Makes commands end in a certain way by chance, until <see cref="ClearFaults"/>.
    /// </summary>
    /// <param name="ending">How.</param>
    /// <param name="oneIn">On average one command in so many is struck; 1 strikes all.</param>
    /// <param name="seed">The same seed strikes the same commands, counted as above.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public void InjectFaults(CommandEnding ending, int oneIn, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(oneIn, 1);
        _afu.Faults.AddChance(PlannedFault.Of(Checked(ending)), oneIn, seed);
    }

    /// <summary>Forgets the injected faults that have not struck yet.</summary>
    public void ClearFaults() => _afu.Faults.Clear();

    private static CommandFault Checked(CommandFault fault) =>
        Enum.IsDefined(fault)
            ? fault
            : throw new ArgumentOutOfRangeException(
                nameof(fault), fault, "There is no such fault of a command.");

    private static CommandEnding Checked(CommandEnding ending)
    {
        const byte LastSenseKey = 0xF;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ending.SenseKey, LastSenseKey);
        ArgumentOutOfRangeException.ThrowIfNegative(ending.ResidualBytes);
        return ending;
    }
}
