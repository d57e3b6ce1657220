using System.Diagnostics;

namespace FlashKV.Index;

/// <summary>
/// The buckets that a batch changes together in one index. Readers see all of its changes or, up
/// to the first one they see, none.
/// </summary>
/// <remarks>
/// <para>
/// In this order: <see cref="Acquire"/> latches all buckets; <see cref="Publish"/> makes readers
/// wait at all of them; <see cref="Open"/> for each change; <see cref="Release"/>. A batch over
/// several indexes acquires them in a fixed order of the indexes, and publishes on all before the
/// first change on any. Between Publish and Release belongs nothing slow.
/// </para>
/// <para>One thread uses an object; it may be used again, then without allocating.</para>
/// </remarks>
internal sealed class BatchLatches(HashIndex index) : IDisposable
{
    private long[] _buckets = [];
    private int _count;

    /// <summary>Gets whether buckets are held.</summary>
    public bool IsHeld { get; private set; }

    /// <summary>Latches the buckets of some hashes, in ascending order.</summary>
    /// <param name="hashes">The hashes of all keys; repeated ones do no harm.</param>
    /// <remarks>
    /// Splits go on meanwhile, but none of a bucket that is held: a split gives up at a latch.
    /// </remarks>
    public void Acquire(ReadOnlySpan<ulong> hashes)
    {
        Debug.Assert(!IsHeld, "held already");
        MakeRoom(hashes.Length);
        IsHeld = true;
        long bucketCount = index.BucketCount;
        LatchAll(hashes, bucketCount);
        while (HasMoved(hashes, bucketCount))
        {
            // One was split before it was latched; a hash moves at most 28 times in all.
            UnlatchAll();
            bucketCount = index.BucketCount;
            LatchAll(hashes, bucketCount);
        }
    }

    /// <summary>Makes readers wait at all buckets until <see cref="Release"/>.</summary>
    public void Publish()
    {
        Debug.Assert(IsHeld, "not held");
        foreach (long bucket in _buckets.AsSpan(0, _count))
        {
            index.GetBucket(bucket).MarkBatch();
        }
    }

    /// <summary>Gives a writer for one of the hashes; one at a time.</summary>
    /// <returns>A writer; disposing it does not release the bucket.</returns>
    public BucketWriter Open(ulong hash)
    {
        long bucket = HashIndex.BucketNumber(hash, index.BucketCount);
        Debug.Assert(
            _buckets.AsSpan(0, _count).BinarySearch(bucket) >= 0, "not one of the batch's hashes");
        return new BucketWriter(
            index, index.GetBucket(bucket), index.TagPattern(hash), releases: false);
    }

    /// <summary>
    /// Releases all buckets, then makes up for the splits that the inserts owe. Nothing if none
    /// are held.
    /// </summary>
    public void Release()
    {
        if (!IsHeld)
        {
            return;
        }

        UnlatchAll();
        IsHeld = false;
        index.SplitOwed(HashIndex.SplitsPerBatch);
    }

    /// <summary>The same as <see cref="Release"/>.</summary>
    public void Dispose() => Release();

    private void MakeRoom(int length)
    {
        if (_buckets.Length < length)
        {
            _buckets = new long[Math.Max(length, 2 * _buckets.Length)];
        }
    }

    private bool HasMoved(ReadOnlySpan<ulong> hashes, long bucketCount)
    {
        long newCount = index.BucketCount;
        if (newCount == bucketCount)
        {
            return false;
        }

        foreach (ulong hash in hashes)
        {
            if (HashIndex.BucketNumber(hash, newCount) != HashIndex.BucketNumber(hash, bucketCount))
            {
                return true;
            }
        }

        return false;
    }

    private void LatchAll(ReadOnlySpan<ulong> hashes, long bucketCount)
    {
        Span<long> buckets = _buckets.AsSpan(0, hashes.Length);
        for (int hash = 0; hash < hashes.Length; hash++)
        {
            buckets[hash] = HashIndex.BucketNumber(hashes[hash], bucketCount);
        }

        buckets.Sort();
        foreach (long bucket in buckets)
        {
            if (_count == 0 || _buckets[_count - 1] != bucket)
            {
                index.GetBucket(bucket).TakeLatch();
                _buckets[_count++] = bucket;
            }
        }
    }

    private void UnlatchAll()
    {
        foreach (long bucket in _buckets.AsSpan(0, _count))
        {
            index.GetBucket(bucket).Unlatch();
        }

        _count = 0;
    }
}
