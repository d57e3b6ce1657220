using System.Numerics;
using System.Runtime.CompilerServices;

namespace FlashKV.Index;

/// <content>Splits: how the index grows while it is used.</content>
internal sealed unsafe partial class HashIndex
{
    /// <summary>The entries per bucket above which inserts split buckets.</summary>
    public const int TargetLoad = 7;

    /// <summary>The most splits that the end of a batch makes up for.</summary>
    internal const int SplitsPerBatch = 1024;

    /// <summary>The most splits that an insert pays for: one in 16, and 2 or 3 are usual.</summary>
    internal const int SplitsPerVisit = 32;

    private const int LatchAttempts = 64;

    // The splits leave this part of the budget to overflow blocks: when the buckets can grow no
    // more, entries must still find a place.
    private const int OverflowShareOfBudget = 16;

    private int _splitting; // 1 while a thread splits
    private long _refusedSplits;
    private bool _isGrowthRefused;

    /// <summary>
    /// Gets whether the last attempt to grow found no memory. Inserts go on in longer overflow
    /// blocks, and lookups become slower.
    /// </summary>
    public bool IsGrowthRefused => Volatile.Read(ref _isGrowthRefused);

    /// <summary>Gets how many attempts to grow found no memory.</summary>
    public long RefusedSplits => Volatile.Read(ref _refusedSplits);

    // A split needs a bit of the tag to divide by.
    private long MaxBucketCount =>
        1L << Math.Min(MaxBucketBits, _tagOffset + IndexEntry.TagBits);

    private long OverflowReserveBytes => _memory.BudgetBytes / OverflowShareOfBudget;

    /// <summary>
    /// Grows to hold a number of entries at the usual load. Called before the first entry and
    /// before any other thread uses the index, it also chooses the hash bits that tags keep, and
    /// costs next to nothing; later it splits bucket after bucket, beside readers and writers.
    /// </summary>
    /// <param name="keys">The number of entries to expect.</param>
    /// <returns>
    /// False when it was not reached, for want of memory or because another thread was at it; the
    /// index works all the same.
    /// </returns>
    public bool EnsureCapacity(long keys)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(keys);
        bool isEmpty = Count == 0;
        long limit = isEmpty ? 1L << MaxBucketBits : MaxBucketCount;
        long buckets = Math.Min((keys + TargetLoad - 1) / TargetLoad, limit);
        if (buckets <= BucketCount)
        {
            return true;
        }

        if (!_lines.TryGrow(buckets, OverflowReserveBytes))
        {
            return false;
        }

        if (isEmpty)
        {
            _tagOffset = BitOperations.Log2((ulong)buckets);
            Volatile.Write(ref _bucketCount, buckets);
            return true;
        }

        SplitTo(buckets, buckets - BucketCount);
        return BucketCount >= buckets;
    }

    /// <summary>
    /// Adds an entry before any other thread uses the index; <see cref="EndLoad"/> then counts it.
    /// </summary>
    /// <returns>As <see cref="BucketWriter.Insert"/>.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryLoad(ulong hash, IndexEntry entry) =>
        GetBucket(BucketNumber(hash, BucketCount))
            .Insert(entry.WithTag(TagPattern(hash)).Word);

    /// <summary>Counts what was loaded, and splits what it owes.</summary>
    /// <param name="entries">The entries since the last call.</param>
    public void EndLoad(int entries)
    {
        _ = AddToCount(entries);
        SplitOwed(entries);
    }

    /// <summary>Splits what inserts owe, up to a limit.</summary>
    internal void SplitOwed(int limit) => SplitTo(_counter.Approximate / TargetLoad, limit);

    private void SplitTo(long buckets, long limit)
    {
        while (limit-- > 0 && BucketCount < buckets && TrySplitNext())
        {
        }
    }

    // One thread splits at a time; others leave it alone, the next insert comes by soon.
    private bool TrySplitNext()
    {
        if (Interlocked.CompareExchange(ref _splitting, 1, 0) != 0)
        {
            return false;
        }

        try
        {
            return CanSplit() && Split();
        }
        finally
        {
            Volatile.Write(ref _splitting, 0);
        }
    }

    private bool CanSplit()
    {
        long bucketCount = BucketCount;
        return bucketCount < MaxBucketCount
            && Granted(_lines.TryGrow(bucketCount + 1, OverflowReserveBytes));
    }

    private bool Granted(bool granted)
    {
        Volatile.Write(ref _isGrowthRefused, !granted);
        _refusedSplits += granted ? 0 : 1;
        return granted;
    }

    // The new bucket is filled before anybody can find it, then the larger number of buckets is
    // published, then the moved entries leave the old one. Writers of both kinds of hash meet the
    // latch of the old bucket until the end or find the new one ready.
    private bool Split()
    {
        long bucketCount = BucketCount;
        int level = BitOperations.Log2((ulong)bucketCount);
        Bucket source = GetBucket(bucketCount - (1L << level));
        if (!TryLatchBriefly(source))
        {
            return false;
        }

        ulong bit = 1UL << (IndexEntry.TagShift + level - _tagOffset);
        bool copied = source.TryCopyTo(GetBucket(bucketCount), bit);
        if (copied)
        {
            Volatile.Write(ref _bucketCount, bucketCount + 1);
            source.RemoveWith(bit);
        }

        source.Unlatch();
        return Granted(copied);
    }

    // A bounded wait: the bucket may be a batch's, and a split must not hold inserts up.
    private static bool TryLatchBriefly(Bucket bucket)
    {
        for (int attempt = 0; attempt < LatchAttempts; attempt++)
        {
            if (bucket.TryLatch())
            {
                return true;
            }

            Thread.SpinWait(1);
        }

        return false;
    }
}
