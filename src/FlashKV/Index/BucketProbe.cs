using System.Runtime.CompilerServices;

namespace FlashKV.Index;

/// <summary>
/// A reader's walk through the entries that may belong to a hash, without a lock; from
/// <see cref="HashIndex.Probe"/>.
/// </summary>
/// <remarks>
/// Every entry given was in the index at some moment after the walk began. That no further entry
/// is given means something only if <see cref="IsComplete"/> then says so.
/// </remarks>
internal ref struct BucketProbe
{
    private readonly HashIndex _index;
    private readonly ulong _hash;
    private readonly long _bucketCount;
    private readonly Bucket _bucket;
    private readonly BucketControl _control;
    private readonly ulong _tagPattern;
    private int _next;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal BucketProbe(
        HashIndex index, ulong hash, long bucketCount, Bucket bucket, BucketControl control)
    {
        _index = index;
        _hash = hash;
        _bucketCount = bucketCount;
        _bucket = bucket;
        _control = control;
        _tagPattern = index.TagPattern(hash);
    }

    /// <summary>Gives the next entry whose tag is that of the hash.</summary>
    /// <returns>False when there is none, or when the bucket was changed under the walk.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Next(out IndexEntry entry)
    {
        while (true)
        {
            int position = _bucket.FindMatch(_control, _tagPattern, _next);
            if (position < 0)
            {
                entry = default;
                return false;
            }

            _next = position + 1;
            ulong word = Volatile.Read(ref _bucket.GetSlot(_control, position));
            if (position >= Bucket.LineEntries && !IsUnchanged())
            {
                // The block may be someone else's by now: its words mean nothing here.
                entry = default;
                return false;
            }

            // Another thread may have stored something else since the tags were compared.
            if ((word & IndexEntry.TagMask) == _tagPattern && word != 0)
            {
                entry = new IndexEntry(word);
                return true;
            }
        }
    }

    /// <summary>
    /// Gets whether the walk has missed nothing, once <see cref="Next"/> has given false: an entry
    /// that was in the index all the time has been given.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool IsComplete()
    {
        if (!IsUnchanged())
        {
            return false;
        }

        long bucketCount = _index.BucketCount;
        return bucketCount == _bucketCount
            || HashIndex.BucketNumber(_hash, bucketCount)
                == HashIndex.BucketNumber(_hash, _bucketCount);
    }

    // The words were loaded before the control word is loaded again.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly bool IsUnchanged()
    {
        Volatile.ReadBarrier();
        return _bucket.Control.IsSameVersion(_control);
    }
}
