using System.Buffers.Binary;
using FlashKV.SimBackend.Afu;
using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Sharing;

/// <summary>
/// SG_IO: the SCSI commands by which a program gets to know a device. Reading and writing goes
/// through contexts only.
/// </summary>
/// <remarks>Source: scsi/sg.h, struct sg_io_hdr of 64-bit systems, 88 bytes.</remarks>
internal static class ScsiGeneric
{
    /// <summary>The request number.</summary>
    internal const uint Request = 0x2285;

    private const int HeaderBytes = 88;
    private const int InterfaceOffset = 0;
    private const int DirectionOffset = 4;
    private const int CommandLengthOffset = 8;
    private const int MaxSenseOffset = 9;
    private const int DataLengthOffset = 12;
    private const int DataOffset = 16;
    private const int CommandOffset = 24;
    private const int SenseOffset = 32;
    private const int StatusOffset = 64;
    private const int SenseWrittenOffset = 67;
    private const int DriverStatusOffset = 70;
    private const int ResidueOffset = 72;
    private const int InfoOffset = 80;
    private const int FromDevice = -3;
    private const int MaxCommandBytes = 16;
    private const int MaxDataBytes = 64 * 1024;
    private const byte CheckCondition = 0x02;
    private const ushort DriverSense = 0x08;
    private const int NotWellInfo = 1;

    /// <summary>Executes a request of a process.</summary>
    /// <param name="processId">The process.</param>
    /// <param name="file">The file that it is issued on.</param>
    /// <param name="address">The address of the header in the process.</param>
    internal static Errno Execute(int processId, OpenFile file, ulong address)
    {
        if (file is not DeviceFile { Device: { } device })
        {
            return Errno.InvalidArgument;
        }

        Span<byte> header = stackalloc byte[HeaderBytes];
        if (!ProcessVm.TryRead(processId, address, header))
        {
            return Errno.BadAddress;
        }

        int commandLength = header[CommandLengthOffset];
        uint dataLength = BinaryPrimitives.ReadUInt32LittleEndian(header[DataLengthOffset..]);
        if (BinaryPrimitives.ReadInt32LittleEndian(header[InterfaceOffset..]) != 'S'
            || commandLength is < 6 or > MaxCommandBytes || dataLength > MaxDataBytes)
        {
            return Errno.InvalidArgument;
        }

        Span<byte> command = stackalloc byte[MaxCommandBytes];
        command.Clear();
        return ProcessVm.TryRead(
            processId,
            BinaryPrimitives.ReadUInt64LittleEndian(header[CommandOffset..]),
            command[..commandLength])
            ? Execute(processId, device, address, header, command, (int)dataLength)
            : Errno.BadAddress;
    }

    private static Errno Execute(
        int processId,
        ScsiDevice device,
        ulong address,
        Span<byte> header,
        ReadOnlySpan<byte> command,
        int dataLength)
    {
        byte[]? data = ScsiTarget.Execute(device, command, out ScsiSense sense);
        bool isGood = data is not null;
        int wanted = BinaryPrimitives.ReadInt32LittleEndian(header[DirectionOffset..])
            == FromDevice ? dataLength : 0;
        int sent = isGood ? Math.Min(data!.Length, wanted) : 0;
        bool isWritten = ProcessVm.TryWrite(
            processId,
            BinaryPrimitives.ReadUInt64LittleEndian(header[DataOffset..]),
            data.AsSpan(0, sent));

        Span<byte> senseData = stackalloc byte[ScsiSense.FixedLength];
        int senseLength = isGood ? 0 : Math.Min((int)header[MaxSenseOffset], ScsiSense.FixedLength);
        sense.WriteFixed(senseData);
        isWritten &= ProcessVm.TryWrite(
            processId,
            BinaryPrimitives.ReadUInt64LittleEndian(header[SenseOffset..]),
            senseData[..senseLength]);

        header[StatusOffset..InfoOffset].Clear();
        header[StatusOffset] = isGood ? (byte)0 : CheckCondition;
        header[SenseWrittenOffset] = (byte)senseLength;
        BinaryPrimitives.WriteUInt16LittleEndian(
            header[DriverStatusOffset..], isGood ? (ushort)0 : DriverSense);
        BinaryPrimitives.WriteInt32LittleEndian(header[ResidueOffset..], wanted - sent);
        BinaryPrimitives.WriteInt32LittleEndian(header[InfoOffset..], isGood ? 0 : NotWellInfo);
        isWritten &= ProcessVm.TryWrite(processId, address, header);
        return isWritten ? Errno.None : Errno.BadAddress;
    }
}
