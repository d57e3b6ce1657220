using System.Diagnostics;
using FlashKV.Index;
using FlashKV.Log;

namespace FlashKV.Shards;

/// <summary>
/// The steps of a batch in the index, inside the operation that holds the latches.
/// </summary>
internal sealed partial class Shard
{
    /// <summary>Finds where a key stands.</summary>
    public KeyPlace Locate(BatchLatches latches, ulong hash, ReadOnlySpan<byte> key)
    {
        BucketWriter bucket = latches.Open(hash);
        try
        {
            return Locate(ref bucket, hash, key);
        }
        finally
        {
            bucket.Dispose();
        }
    }

    /// <summary>Adds the entry of a new key.</summary>
    /// <returns>false if the index has no room; nothing is changed then.</returns>
    public bool TryInsert(BatchLatches latches, ulong hash, in TailClaim claim)
    {
        BucketWriter bucket = latches.Open(hash);
        bool isInserted = bucket.Insert(EntryOf(claim));
        bucket.Dispose();
        return isInserted;
    }

    /// <summary>Takes back what <see cref="TryInsert"/> added.</summary>
    public void TakeBack(BatchLatches latches, ulong hash, in TailClaim claim)
    {
        BucketWriter bucket = latches.Open(hash);
        MoveTo(ref bucket, EntryOf(claim));
        bucket.Remove();
        bucket.Dispose();
    }

    /// <summary>Replaces or removes the entry of a key that is there.</summary>
    public void Change(BatchLatches latches, in BatchMember member)
    {
        BucketWriter bucket = latches.Open(member.Operation.Hash);
        MoveTo(ref bucket, member.Place.Entry);
        bool isChanged = Publish(
            ref bucket,
            member.Operation.Hash,
            member.Place,
            member.Claim,
            member.Operation.IsDelete);
        Debug.Assert(isChanged, "Replacing and removing need no room.");
        bucket.Dispose();
    }

    private IndexEntry EntryOf(in TailClaim claim) =>
        IndexEntry.Create(Log.PositionOf(claim), SizeClass.FromLength(claim.Size));

    // The latch has kept the entry in its bucket.
    private static void MoveTo(ref BucketWriter bucket, IndexEntry wanted)
    {
        bool isFound;
        IndexEntry entry;
        do
        {
            isFound = bucket.Next(out entry);
        }
        while (isFound && !entry.IsSameRecord(wanted));

        Debug.Assert(isFound, "An entry left a latched bucket.");
    }
}
