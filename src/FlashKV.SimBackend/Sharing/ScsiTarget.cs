using System.Buffers.Binary;
using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Sharing;

/// <summary>The SCSI commands that a LUN answers outside of contexts.</summary>
internal static class ScsiTarget
{
    private const byte TestUnitReady = 0x00;
    private const byte RequestSense = 0x03;
    private const byte Inquiry = 0x12;
    private const byte ReadCapacity10 = 0x25;
    private const byte ServiceActionIn16 = 0x9E;
    private const byte ReadCapacity16 = 0x10;
    private const byte ReportLuns = 0xA0;

    private static readonly ScsiSense s_badOpcode = new(ScsiSenseKey.IllegalRequest, 0x20, 0);
    private static readonly ScsiSense s_badField = new(
        ScsiSenseKey.IllegalRequest, ScsiSense.AscInvalidFieldInCdb, 0);

    /// <summary>Executes a command.</summary>
    /// <returns>What it answers; <see langword="null"/> when it ends with sense data.</returns>
    internal static byte[]? Execute(
        ScsiDevice device, ReadOnlySpan<byte> command, out ScsiSense sense)
    {
        sense = default;
        byte[]? data = command[0] switch
        {
            TestUnitReady => [],
            RequestSense => NoSense(),
            Inquiry => Inquire(device, command),
            ReadCapacity10 => Capacity10(device),
            ServiceActionIn16 when (command[1] & 0x1F) == ReadCapacity16 => Capacity16(device),
            ReportLuns => Luns(device),
            _ => null,
        };
        if (data is null)
        {
            sense = command[0] is Inquiry or ServiceActionIn16 ? s_badField : s_badOpcode;
            return null;
        }

        int allocated = AllocationLength(command);
        return data.Length <= allocated ? data : data[..allocated];
    }

    private static int AllocationLength(ReadOnlySpan<byte> command) => command[0] switch
    {
        Inquiry => BinaryPrimitives.ReadUInt16BigEndian(command[3..]),
        RequestSense => command[4],
        ServiceActionIn16 => Bounded(BinaryPrimitives.ReadUInt32BigEndian(command[10..])),
        ReportLuns => Bounded(BinaryPrimitives.ReadUInt32BigEndian(command[6..])),
        _ => int.MaxValue,
    };

    private static int Bounded(uint length) => (int)Math.Min(length, int.MaxValue);

    private static byte[] NoSense()
    {
        byte[] data = new byte[ScsiSense.FixedLength];
        default(ScsiSense).WriteFixed(data);
        return data;
    }

    private static byte[]? Inquire(ScsiDevice device, ReadOnlySpan<byte> command)
    {
        bool isVital = (command[1] & 1) != 0;
        return isVital ? InquiryData.Page(device, command[2])
            : command[2] == 0 ? InquiryData.Standard()
            : null;
    }

    private static byte[] Capacity10(ScsiDevice device)
    {
        byte[] data = new byte[8];
        BinaryPrimitives.WriteUInt32BigEndian(
            data, (uint)Math.Min(device.Target.LastLba, uint.MaxValue));
        BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(4), device.Target.BlockLength);
        return data;
    }

    private static byte[] Capacity16(ScsiDevice device)
    {
        byte[] data = new byte[32];
        BinaryPrimitives.WriteUInt64BigEndian(data, device.Target.LastLba);
        BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(8), device.Target.BlockLength);
        return data;
    }

    private static byte[] Luns(ScsiDevice device)
    {
        const int HeaderBytes = 8;
        ulong[] luns = [.. device.Adapter.Devices
            .Where(other => other.Channel == device.Channel)
            .Select(other => other.Target.LunId)];
        byte[] data = new byte[HeaderBytes + (luns.Length * sizeof(ulong))];
        BinaryPrimitives.WriteInt32BigEndian(data, luns.Length * sizeof(ulong));
        for (int i = 0; i < luns.Length; i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(
                data.AsSpan(HeaderBytes + (i * sizeof(ulong))), luns[i]);
        }

        return data;
    }
}
