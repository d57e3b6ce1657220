using System.Buffers.Binary;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// What READ CAPACITY(16) answers: last LBA as BE64 at 0, block length as BE32 at 8. Source: SBC.
/// </summary>
internal readonly record struct ReadCapacity16Data(ulong LastLba, uint BlockLength)
{
    /// <summary>Bytes of the whole parameter data.</summary>
    internal const int Length = 32;

    private const int UsedLength = 12;

    internal static bool TryParse(ReadOnlySpan<byte> data, out ReadCapacity16Data capacity)
    {
        capacity = default;
        if (data.Length < UsedLength)
            return false;

        capacity = new(
            BinaryPrimitives.ReadUInt64BigEndian(data),
            BinaryPrimitives.ReadUInt32BigEndian(data[8..]));
        return capacity.BlockLength != 0;
    }

    internal void Write(Span<byte> data)
    {
        data[..Length].Clear();
        BinaryPrimitives.WriteUInt64BigEndian(data, LastLba);
        BinaryPrimitives.WriteUInt32BigEndian(data[8..], BlockLength);
    }
}
