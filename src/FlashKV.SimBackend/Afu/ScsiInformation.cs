using System.Buffers.Binary;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// The SCSI commands of a LUN that move no blocks: those that the driver sends when it probes.
/// </summary>
internal static class ScsiInformation
{
    /// <summary>The most bytes that a command answers with.</summary>
    internal const int MaxLength = 64;

    private const byte AscInvalidOpcode = 0x20;

    /// <summary>Executes a command.</summary>
    /// <param name="cdb">The command.</param>
    /// <param name="target">The LUN.</param>
    /// <param name="data">Room for <see cref="MaxLength"/> bytes.</param>
    /// <param name="length">How many of them are the answer.</param>
    internal static CommandResult Execute(
        ReadOnlySpan<byte> cdb, AfuTarget target, Span<byte> data, out int length)
    {
        data.Clear();
        length = 0;
        switch (cdb[0])
        {
            case ScsiOpcode.TestUnitReady or ScsiOpcode.StartStopUnit:
                return default;
            case ScsiOpcode.RequestSense:
                new ScsiSense(ScsiSenseKey.NoSense, 0, 0).WriteFixed(data);
                length = ScsiSense.FixedLength;
                break;
            case ScsiOpcode.ServiceActionIn16
                when (cdb[1] & 0x1F) == ScsiOpcode.ServiceActionReadCapacity16:
                BinaryPrimitives.WriteUInt64BigEndian(data, target.LastLba);
                BinaryPrimitives.WriteUInt32BigEndian(data[8..], target.BlockLength);
                length = 32;
                break;
            case ScsiOpcode.ReportLuns:
                // The list has one LUN, the one that was asked.
                BinaryPrimitives.WriteUInt32BigEndian(data, 8);
                BinaryPrimitives.WriteUInt64BigEndian(data[8..], target.LunId);
                length = 16;
                break;
            default:
                return CommandResult.IllegalRequest(AscInvalidOpcode);
        }

        uint allocated = cdb[0] == ScsiOpcode.RequestSense ? cdb[4]
            : cdb[0] == ScsiOpcode.ReportLuns ? BinaryPrimitives.ReadUInt32BigEndian(cdb[6..])
            : ScsiCdb.Count(cdb);
        length = (int)Math.Min((uint)length, allocated);
        return default;
    }
}
