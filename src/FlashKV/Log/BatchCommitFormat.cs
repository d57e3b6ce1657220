using System.Buffers.Binary;
using FlashKV.Shards;

namespace FlashKV.Log;

/// <summary>
/// The value of a commit record: the shards that take part in the batch. On disk: do not change;
/// add a version. See docs/formats.md, "Commit record".
/// </summary>
internal static class BatchCommitFormat
{
    public const int ShardOffset = 0;
    public const int ReservedOffset = ShardOffset + sizeof(ushort);
    public const int CountOffset = ReservedOffset + sizeof(ushort);
    public const int SequenceOffset = CountOffset + sizeof(uint);
    public const int EntryBytes = SequenceOffset + sizeof(ulong);

    public static byte[] Write(IReadOnlyList<BatchParticipant> participants)
    {
        byte[] value = new byte[participants.Count * EntryBytes];
        Span<byte> entry = value;
        foreach (BatchParticipant participant in participants)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(
                entry[ShardOffset..], (ushort)participant.Shard);
            BinaryPrimitives.WriteInt32LittleEndian(
                entry[CountOffset..], participant.RecordCount);
            BinaryPrimitives.WriteUInt64LittleEndian(
                entry[SequenceOffset..], participant.LastSequence);
            entry = entry[EntryBytes..];
        }

        return value;
    }

    /// <summary>Reads the participants, without their logs.</summary>
    /// <returns>null if these are not the bytes of a commit record of such a store.</returns>
    public static BatchParticipant[]? TryRead(ReadOnlySpan<byte> value, int shardCount)
    {
        if (value.IsEmpty || value.Length % EntryBytes != 0)
        {
            return null;
        }

        var participants = new BatchParticipant[value.Length / EntryBytes];
        for (int i = 0; i < participants.Length; i++)
        {
            ReadOnlySpan<byte> entry = value[(i * EntryBytes)..];
            int shard = BinaryPrimitives.ReadUInt16LittleEndian(entry[ShardOffset..]);
            int records = BinaryPrimitives.ReadInt32LittleEndian(entry[CountOffset..]);
            int reserved = BinaryPrimitives.ReadUInt16LittleEndian(entry[ReservedOffset..]);
            if (shard >= shardCount || records <= 0 || reserved != 0)
            {
                return null;
            }

            participants[i] = new BatchParticipant(
                shard,
                null,
                records,
                BinaryPrimitives.ReadUInt64LittleEndian(entry[SequenceOffset..]));
        }

        return participants;
    }
}
