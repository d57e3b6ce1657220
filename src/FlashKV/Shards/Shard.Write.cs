using FlashKV.Index;
using FlashKV.Log;
using FlashKV.Memory;

namespace FlashKV.Shards;

/// <summary>
/// Writing. The latch of the key's bucket is held from before the record is appended until the index
/// points to it, so that the order of the versions of a key in the log is their order in the index.
/// </summary>
internal sealed partial class Shard
{
    /// <summary>Puts a key. The caller is not inside an operation.</summary>
    /// <returns>The sequence number of the record.</returns>
    /// <exception cref="StoreFullException">The device has no room; nothing is changed.</exception>
    public ulong Put(ulong hash, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Write(hash, key, value, RecordFlags.None, out ulong sequence);
        return sequence;
    }

    /// <summary>Deletes a key. The caller is not inside an operation.</summary>
    /// <returns>false if there is no such key; nothing is written then.</returns>
    public bool Delete(ulong hash, ReadOnlySpan<byte> key, out ulong sequence) =>
        Write(hash, key, [], RecordFlags.Tombstone, out sequence) == WriteResult.Done;

    private WriteResult Write(
        ulong hash,
        ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> value,
        RecordFlags flags,
        out ulong sequence)
    {
        int size = RecordFormat.SizeOf(flags, key.Length, value.Length);
        int reserve = (flags & RecordFlags.Tombstone) != 0
            ? SegmentAllocator.ReservedForCompaction
            : SegmentAllocator.ReservedForDeletes;
        while (true)
        {
            _store.Fault.ThrowIfSet();
            WriteResult result = TryWrite(hash, key, value, flags, size, out sequence);
            if (result == WriteResult.Done)
            {
                Log.MarkDirty();
            }

            if (result != WriteResult.NoRoom)
            {
                return result;
            }

            Log.EnsureRoom(SegmentKind.Hot, size, reserve);
        }
    }

    private WriteResult TryWrite(
        ulong hash,
        ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> value,
        RecordFlags flags,
        int size,
        out ulong sequence)
    {
        using Epoch.Operation operation = Epoch.Enter();
        BucketWriter bucket = Index.Acquire(hash);
        try
        {
            return WriteLatched(ref bucket, hash, key, value, flags, size, out sequence);
        }
        finally
        {
            bucket.Dispose();
        }
    }

    private WriteResult WriteLatched(
        ref BucketWriter bucket,
        ulong hash,
        ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> value,
        RecordFlags flags,
        int size,
        out ulong sequence)
    {
        sequence = 0;
        KeyPlace place = Locate(ref bucket, hash, key);
        bool isDelete = (flags & RecordFlags.Tombstone) != 0;
        if (isDelete && !place.Exists)
        {
            return WriteResult.Absent;
        }

        if (!Log.Hot.TryClaim(size, out TailClaim claim))
        {
            return WriteResult.NoRoom;
        }

        sequence = claim.HotSequence;
        RecordFlags written = place.Collides ? flags | RecordFlags.HashCollision : flags;
        RecordFormat.WriteBody(claim.Bytes, sequence, written, 0, key, value);
        if (!Publish(ref bucket, place, claim, isDelete))
        {
            LogTail.Abandon(claim);
            throw new InsufficientMemoryException(
                "The memory budget has no room for the index entry of another key.");
        }

        LogTail.Commit(claim);
        return WriteResult.Done;
    }

    /// <summary>
    /// Finds the entry of a key in its latched bucket; the writer stands on it afterwards.
    /// </summary>
    private KeyPlace Locate(ref BucketWriter bucket, ulong hash, ReadOnlySpan<byte> key)
    {
        bool collides = false;
        while (bucket.Next(out IndexEntry entry))
        {
            using FoundRecord found = Open(entry);
            if (found.Record.Key.SequenceEqual(key))
            {
                return new KeyPlace(true, collides, entry, found.Record.Size);
            }

            collides |= _store.Hasher.Hash(found.Record.Key) == hash;
        }

        return new KeyPlace(false, collides, default, 0);
    }

    /// <summary>Makes the index point to a record that is written but not committed.</summary>
    /// <returns>false if the index has no room; nothing is changed then.</returns>
    private bool Publish(
        ref BucketWriter bucket, in KeyPlace place, in TailClaim claim, bool isDelete)
    {
        if (place.Exists)
        {
            // Before the index changes, so that a scan finds a record in one place or the other.
            Scans.NoteSuperseded(place.Entry.Address, claim.HotSequence);
        }

        if (isDelete)
        {
            bucket.Remove();
            claim.Segment.AddTombstone(claim.Size);
        }
        else
        {
            IndexEntry entry = IndexEntry.Create(
                Log.PositionOf(claim), SizeClass.FromLength(claim.Size));
            if (place.Exists)
            {
                bucket.Replace(entry);
            }
            else if (!bucket.Insert(entry))
            {
                return false;
            }

            claim.Segment.AddLive(claim.Size);
        }

        if (place.Exists)
        {
            SegmentOf(place.Entry.Address).AddLive(-place.Size);
        }

        return true;
    }
}
