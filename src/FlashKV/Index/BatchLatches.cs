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

    /// <summary>Latches the buckets of some hashes, in ascending order, and pauses splits.</summary>
    /// <param name="hashes">The hashes of all keys; repeated ones do no harm.</param>
    public void Acquire(ReadOnlySpan<ulong> hashes)
    {
        Debug.Assert(!IsHeld, "held already");
        MakeRoom(hashes.Length);
        index.PauseSplits();
        IsHeld = true;
        FindBuckets(hashes);
        foreach (long bucket in _buckets.AsSpan(0, _count))
        {
            index.GetBucket(bucket).TakeLatch();
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

    /// <summary>Releases all buckets and lets splits go on. Nothing if none are held.</summary>
    public void Release()
    {
        if (!IsHeld)
        {
            return;
        }

        foreach (long bucket in _buckets.AsSpan(0, _count))
        {
            index.GetBucket(bucket).Unlatch();
        }

        _count = 0;
        IsHeld = false;
        index.ResumeSplits();
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

    private void FindBuckets(ReadOnlySpan<ulong> hashes)
    {
        long bucketCount = index.BucketCount;
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
                _buckets[_count++] = bucket;
            }
        }
    }
}
