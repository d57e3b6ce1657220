using System.Runtime.CompilerServices;
using FlashKV.Index;
using FlashKV.Log;
using FlashKV.Memory;

namespace FlashKV.Shards;

/// <summary>
/// Writing. The latch of the key's bucket is held from before the record is appended until the
/// index points to it, so that the order of the versions of a key in the log is their order in the
/// index.
/// </summary>
internal sealed partial class Shard
{
    // One write in so many helps a compaction that is behind. It looks at more records than were
    // written since, as most of what it looks at was moved before or is dead.
    private const ulong RecordsBetweenHelps = 32;

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
                if (sequence % RecordsBetweenHelps == 0 && Compactor.IsBehind)
                {
                    Compactor.HelpALittle();
                }
            }

            if (result == WriteResult.NoRoom)
            {
                Compactor.HelpMuch();
                Log.EnsureRoom(SegmentKind.Hot, size, reserve);
            }
            else if (result == WriteResult.Shut)
            {
                _store.Writing.WaitUntilOpen();
            }
            else
            {
                return result;
            }
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
        if (_store.Writing.IsShut)
        {
            sequence = 0;
            return WriteResult.Shut;
        }

        WriteResult result = TryWriteLatched(
            hash, key, value, flags, size, default, out IndexEntry onDevice, out sequence);
        if (result != WriteResult.OnDevice)
        {
            return result;
        }

        // Others may use the bucket while the device is at work.
        ComparedRecord compared = Compare(onDevice, hash, key);
        return TryWriteLatched(hash, key, value, flags, size, compared, out _, out sequence);
    }

    private ComparedRecord Compare(IndexEntry entry, ulong hash, ReadOnlySpan<byte> key)
    {
        using FoundRecord found = Open(entry);
        bool isSameKey = found.Record.Key.SequenceEqual(key);
        bool isSameHash = isSameKey || _store.Hasher.Hash(found.Record.Key) == hash;
        return new ComparedRecord(
            entry,
            isSameKey,
            isSameHash,
            IsFlagged(found.Record),
            found.Record.Size,
            found.Record.Sequence);
    }

    // Whether a record says of itself that its hash is shared.
    private static bool IsFlagged(in RecordView record) =>
        (record.Flags & RecordFlags.HashCollision) != 0;

    private WriteResult TryWriteLatched(
        ulong hash,
        ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> value,
        RecordFlags flags,
        int size,
        in ComparedRecord compared,
        out IndexEntry onDevice,
        out ulong sequence)
    {
        // It loads while the bucket and the record that is replaced are waited for.
        Log.Hot.Prefetch(size);
        BucketWriter bucket = Index.Acquire(hash);
        try
        {
            sequence = 0;
            onDevice = default;
            return TryLocateNear(ref bucket, key, out KeyPlace place)
                || TryLocate(ref bucket, hash, key, compared, out place, out onDevice)
                ? WriteLatched(ref bucket, hash, place, key, value, flags, size, out sequence)
                : WriteResult.OnDevice;
        }
        finally
        {
            bucket.Dispose();
        }
    }

    private WriteResult WriteLatched(
        ref BucketWriter bucket,
        ulong hash,
        in KeyPlace place,
        ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> value,
        RecordFlags flags,
        int size,
        out ulong sequence)
    {
        sequence = 0;
        bool isDelete = (flags & RecordFlags.Tombstone) != 0;
        if (isDelete && !place.Exists)
        {
            return WriteResult.Absent;
        }

        if (!Log.Hot.TryClaim(size, out TailClaim claim))
        {
            return WriteResult.NoRoom;
        }

        Step.Reached(Step.Placed);
        sequence = claim.HotSequence;
        RecordFlags written = place.Collides ? flags | RecordFlags.HashCollision : flags;
        RecordFormat.WriteBody(claim.Bytes, sequence, written, 0, key, value);
        Step.Reached("written");
        if (!Publish(ref bucket, hash, place, claim, isDelete))
        {
            LogTail.Abandon(claim);
            throw new InsufficientMemoryException(
                "The memory budget has no room for the index entry of another key.");
        }

        LogTail.Commit(claim);
        Step.Reached("committed");
        return WriteResult.Done;
    }

    /// <summary>
    /// Finds the entry of a key in its latched bucket; the writer stands on it afterwards. What is
    /// only on the device is read here and now.
    /// </summary>
    private KeyPlace Locate(ref BucketWriter bucket, ulong hash, ReadOnlySpan<byte> key)
    {
        bool collides = false;
        while (bucket.Next(out IndexEntry entry))
        {
            ComparedRecord compared = Compare(entry, hash, key);
            if (compared.IsSameKey)
            {
                // Of two keys with one hash, the one that came later keeps the flag for good:
                // entries behind this one were not looked at.
                return new KeyPlace(
                    true,
                    collides || compared.IsFlagged,
                    entry,
                    compared.Size,
                    compared.Sequence);
            }

            collides |= compared.IsSameHash;
        }

        return new KeyPlace(false, collides, default, 0, 0);
    }

    /// <summary>
    /// Finds the entry of a key as most writes find it: the first with its tag is the key's, and
    /// its record is in memory; or no entry has its tag.
    /// </summary>
    /// <returns>false if it is not clear; the writer then begins again.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryLocateNear(
        ref BucketWriter bucket, ReadOnlySpan<byte> key, out KeyPlace place)
    {
        place = default;
        if (!bucket.Next(out IndexEntry entry))
        {
            return true;
        }

        // Of the record that is replaced, only header and key are loaded.
        NativeRegion bytes = BytesOf(entry);
        if (bytes.IsEmpty
            || !RecordView.TryParse(bytes.Span(0, bytes.Length), out RecordView record)
            || !record.Key.SequenceEqual(key))
        {
            bucket.Rewind();
            return false;
        }

        place = new KeyPlace(true, IsFlagged(record), entry, record.Size, record.Sequence);
        return true;
    }

    /// <summary>
    /// Finds it wherever it is, with one record that was looked at before. The device is read only
    /// if it was and turned out to be of no use, so that the second attempt is the last.
    /// </summary>
    /// <returns>false if a record is only on the device.</returns>
    private bool TryLocate(
        ref BucketWriter bucket,
        ulong hash,
        ReadOnlySpan<byte> key,
        in ComparedRecord before,
        out KeyPlace place,
        out IndexEntry onDevice)
    {
        bool collides = false;
        place = default;
        while (bucket.Next(out onDevice))
        {
            ComparedRecord compared;
            if (!before.Entry.IsEmpty && onDevice.IsSameRecord(before.Entry))
            {
                compared = before;
            }
            else if (before.Entry.IsEmpty && SegmentOf(onDevice.Address).Image == 0)
            {
                return false;
            }
            else
            {
                compared = Compare(onDevice, hash, key);
            }

            if (compared.IsSameKey)
            {
                place = new KeyPlace(
                    true,
                    collides || compared.IsFlagged,
                    onDevice,
                    compared.Size,
                    compared.Sequence);
                return true;
            }

            collides |= compared.IsSameHash;
        }

        place = new KeyPlace(false, collides, default, 0, 0);
        return true;
    }

    /// <summary>Makes the index point to a record that is written but not committed.</summary>
    /// <returns>false if the index has no room; nothing is changed then.</returns>
    private bool Publish(
        ref BucketWriter bucket,
        ulong hash,
        in KeyPlace place,
        in TailClaim claim,
        bool isDelete)
    {
        if (place.Exists)
        {
            // Before the index changes, so that a snapshot finds it in one place or the other.
            Cuts.Note(hash, place.Entry, place.Sequence);
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
