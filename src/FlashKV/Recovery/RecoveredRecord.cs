using FlashKV.Log;

namespace FlashKV.Recovery;

/// <summary>One record that recovery found.</summary>
/// <param name="Hash">The hash of its key.</param>
/// <param name="Sequence">Its sequence number.</param>
/// <param name="Position">Its position in the LUN of the shard.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Flags">What it is.</param>
/// <param name="BatchId">Its batch, if that is not settled; else 0.</param>
internal readonly record struct RecoveredRecord(
    ulong Hash, ulong Sequence, long Position, int Size, RecordFlags Flags, ulong BatchId)
    : IComparable<RecoveredRecord>
{
    /// <summary>Orders by hash, then by age: the newest of a hash comes last.</summary>
    public int CompareTo(RecoveredRecord other)
    {
        int byHash = Hash.CompareTo(other.Hash);
        return byHash != 0 ? byHash : Sequence.CompareTo(other.Sequence);
    }
}
