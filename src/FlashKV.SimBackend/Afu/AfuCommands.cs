using System.Buffers.Binary;
using System.Diagnostics;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// The commands to the AFU itself (SP §4.8): synchronisation, provisioning of LUNs, debug.
/// </summary>
internal sealed class AfuCommands(AfuModel afu)
{
    private readonly LunProvisioning _provisioning = new(afu);

    /// <summary>What a debug command reads: the version of the AFU.</summary>
    internal static ReadOnlySpan<byte> DebugData => "FLASHKV1"u8;

    /// <summary>The LUNs that provisioning commands have made.</summary>
    internal IEnumerable<AfuTarget> Provisioned => _provisioning.Targets;

    /// <summary>The LUN of an id that a provisioning command has made.</summary>
    internal AfuTarget? FindTarget(ulong lunId) => _provisioning.Find(lunId);

    /// <summary>Executes a command of a context that may send it.</summary>
    /// <param name="ioarcb">The command.</param>
    /// <param name="sender">The context that sends it.</param>
    internal CommandResult Execute(in SislIoarcb ioarcb, ushort sender) => ioarcb.Cdb[0] switch
    {
        SislAfuCommand.Sync => Synchronise(in ioarcb, sender),
        SislAfuCommand.LunProvision => _provisioning.Execute(in ioarcb),
        SislAfuCommand.Debug => default,
        _ => CommandResult.Afu(SislAfuRc.CapViolation),
    };

    // Tables are read anew by every command, so that a light sync has nothing to do. A heavy one
    // waits for the commands that have read them before.
    private CommandResult Synchronise(in SislIoarcb ioarcb, ushort sender)
    {
        ReadOnlySpan<byte> cdb = ioarcb.Cdb;
        int context = BinaryPrimitives.ReadUInt16BigEndian(cdb[2..]);
        return cdb[1] switch
        {
            SislAfuCommand.LightSync => default,
            SislAfuCommand.HeavySync => Await(context, sender, in ioarcb),
            SislAfuCommand.GlobalSync => AwaitAll(sender, in ioarcb),
            _ => CommandResult.IllegalRequest(ScsiSense.AscInvalidFieldInCdb),
        };
    }

    private CommandResult AwaitAll(ushort sender, in SislIoarcb ioarcb)
    {
        CommandResult result = default;
        for (int i = 0; i < CxlflashLimits.MaxContexts && result.IsGood; i++)
        {
            result = Await(i, sender, in ioarcb);
        }

        return result;
    }

    private CommandResult Await(int handle, ushort sender, in SislIoarcb ioarcb)
    {
        if (handle == sender || afu.FindContext(handle) is not { } context)
        {
            return default;
        }

        if (!context.TryCloseLanes(MillisecondsOf(in ioarcb)))
        {
            return CommandResult.Afu(SislAfuRc.TimedOut);
        }

        context.OpenLanes();
        return default;
    }

    private static long MillisecondsOf(in SislIoarcb ioarcb)
    {
        Debug.Assert(SislReqFlags.None == 0, "seconds are the unit that has no bits");
        return (ioarcb.ReqFlags & SislReqFlags.TimeoutCycles) switch
        {
            SislReqFlags.None => ioarcb.Timeout * 1000L,
            SislReqFlags.TimeoutMilliseconds => ioarcb.Timeout,
            _ => 1,
        };
    }
}
