using System.Buffers.Binary;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// Writes and takes apart command descriptor blocks: 16 bytes, big-endian. LBAs and counts are in
/// the LUN's own blocks. Source: SBC, SPC.
/// </summary>
internal static class ScsiCdb
{
    internal const int Length = 16;

    /// <summary>Bit 3 of byte 1 of READ and WRITE: on stable storage before good status.</summary>
    internal const byte ForceUnitAccess = 0x08;

    /// <summary>Bit 3 of byte 1 of WRITE SAME.</summary>
    internal const byte Unmap = 0x08;

    private const int LbaOffset = 2;
    private const int CountOffset = 10;

    internal static void WriteRead16(Span<byte> cdb, ulong lba, uint count) =>
        WriteTransfer(cdb, ScsiOpcode.Read16, 0, lba, count);

    internal static void WriteWrite16(
        Span<byte> cdb, ulong lba, uint count, bool forceUnitAccess) =>
        WriteTransfer(
            cdb, ScsiOpcode.Write16, forceUnitAccess ? ForceUnitAccess : (byte)0, lba, count);

    internal static void WriteWriteSame16(Span<byte> cdb, ulong lba, uint count, bool unmap) =>
        WriteTransfer(cdb, ScsiOpcode.WriteSame16, unmap ? Unmap : (byte)0, lba, count);

    internal static void WriteReadCapacity16(Span<byte> cdb, uint allocationLength) =>
        WriteTransfer(
            cdb, ScsiOpcode.ServiceActionIn16, ScsiOpcode.ServiceActionReadCapacity16, 0,
            allocationLength);

    /// <summary>INQUIRY of a vital product data page: 0x83 holds the WWID.</summary>
    internal static void WriteInquiry(Span<byte> cdb, byte page, ushort allocationLength)
    {
        cdb[..Length].Clear();
        cdb[0] = ScsiOpcode.Inquiry;
        cdb[1] = 1;
        cdb[2] = page;
        BinaryPrimitives.WriteUInt16BigEndian(cdb[3..], allocationLength);
    }

    /// <summary>The LBA of READ(16), WRITE(16) and WRITE SAME(16).</summary>
    internal static ulong Lba(ReadOnlySpan<byte> cdb) =>
        BinaryPrimitives.ReadUInt64BigEndian(cdb[LbaOffset..]);

    /// <summary>
    /// The count of READ(16), WRITE(16) and WRITE SAME(16), or the allocation length of READ
    /// CAPACITY(16).
    /// </summary>
    internal static uint Count(ReadOnlySpan<byte> cdb) =>
        BinaryPrimitives.ReadUInt32BigEndian(cdb[CountOffset..]);

    private static void WriteTransfer(
        Span<byte> cdb, byte opcode, byte flags, ulong lba, uint count)
    {
        BinaryPrimitives.WriteUInt16BigEndian(cdb, (ushort)((opcode << 8) | flags));
        BinaryPrimitives.WriteUInt64BigEndian(cdb[LbaOffset..], lba);
        BinaryPrimitives.WriteUInt32BigEndian(cdb[CountOffset..], count);
        BinaryPrimitives.WriteUInt16BigEndian(cdb[14..], 0);
    }
}
