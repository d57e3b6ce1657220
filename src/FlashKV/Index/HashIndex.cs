using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using FlashKV.Memory;

namespace FlashKV.Index;

/// <summary>
/// The hash index of one shard: from the hash of a key to the <see cref="IndexEntry"/> of its
/// newest record. It knows hashes and entries, not keys; two keys may share both hash and tag, so
/// a caller compares the key in the record and goes on to the next entry if it differs.
/// </summary>
/// <remarks>
/// <para>
/// Linear hashing: with n buckets, 2^k &lt;= n &lt; 2^(k+1), a hash belongs to the bucket of its
/// low k + 1 bits, or of its low k bits if there is no such bucket yet. Inserts split one bucket
/// after another, so the index grows without a pause. A tag keeps the hash bits just above those
/// that choose among the first buckets: a split finds in it the bit that it divides by.
/// </para>
/// <para>
/// Readers (<see cref="Probe"/>) take no lock and write nothing. Writers (<see cref="Acquire"/>)
/// latch one bucket, a batch (<see cref="BatchLatches"/>) several; splits go on beside both. Any
/// number of each may run at once; a thread must not hold a <see cref="BucketWriter"/> while it
/// acquires anything else of the same index. Disposing needs all of them to have ended.
/// </para>
/// </remarks>
internal sealed unsafe partial class HashIndex : IDisposable
{
    /// <summary>The low bits of the hash, which the index uses; others choose the shard.</summary>
    public const int HashBits = MaxBucketBits + IndexEntry.TagBits;

    /// <summary>The usual number of the first buckets, as a power of two.</summary>
    public const int DefaultBucketBits = 12;

    private const int MaxBucketBits = 28;

    private readonly UnmanagedMemory _memory;
    private readonly LinePages _lines;
    private readonly OverflowPool _overflow;
    private readonly EntryCounter _counter = new();
    private long _bucketCount;
    private int _tagOffset; // the lowest hash bit that tags keep

    /// <summary>Creates an empty index.</summary>
    /// <param name="memory">The owner of its memory, <see cref="MemoryCategory.Index"/>.</param>
    /// <param name="bucketBits">
    /// 1 to 28: it starts with 2^bits buckets, and can grow by 2^22 times. As it grows by 2^k, the
    /// tags' k lowest bits become the same for a whole bucket and tell its keys apart no more.
    /// </param>
    /// <exception cref="InsufficientMemoryException">The first pages were refused.</exception>
    public HashIndex(UnmanagedMemory memory, int bucketBits = DefaultBucketBits)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bucketBits, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bucketBits, MaxBucketBits);
        _memory = memory;
        _lines = new LinePages(memory);
        _overflow = new OverflowPool(memory);
        _tagOffset = bucketBits;
        _bucketCount = 1L << bucketBits;
        if (!_lines.TryGrow(_bucketCount, keepFreeBytes: 0))
        {
            _lines.Dispose();
            throw new InsufficientMemoryException(
                $"An index of {_bucketCount} buckets does not fit into the budget: "
                + $"{memory.UsedBytes} of {memory.BudgetBytes} bytes are in use.");
        }
    }

    /// <summary>Gets the number of entries; exact when nobody writes meanwhile.</summary>
    public long Count => _counter.Sum();

    /// <summary>Gets the bytes taken from the budget.</summary>
    public long BytesUsed => _lines.BytesUsed + _overflow.BytesUsed;

    /// <summary>Gets the number of buckets.</summary>
    public long BucketCount => Volatile.Read(ref _bucketCount);

    /// <summary>Begins to look for the entries of a hash.</summary>
    /// <remarks>
    /// Waits while a batch publishes in the hash's bucket. Call
    /// <see cref="BucketProbe.Next"/> until it gives the right entry or none; if none, ask
    /// <see cref="BucketProbe.IsComplete"/>, and begin again if the answer is no.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public BucketProbe Probe(ulong hash)
    {
        long bucketCount = BucketCount;
        Bucket bucket = GetBucket(BucketNumber(hash, bucketCount));
        BucketControl control = bucket.Control;
        if (control.IsBatch)
        {
            control = bucket.WaitForBatch();
        }

        return new BucketProbe(this, hash, bucketCount, bucket, control);
    }

    /// <summary>Gives the line of the bucket of a hash, without looking into it.</summary>
    /// <returns>The line, for <see cref="Peek(nint, ulong, out IndexEntry, out nint)"/>.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nint LineOf(ulong hash) => (nint)_lines.GetLine(BucketNumber(hash, BucketCount));

    /// <summary>
    /// Looks for an entry of a hash in the line of its bucket alone, which costs no second cache
    /// miss. A first guess: whoever needs to be sure of an absent key asks <see cref="Probe"/>.
    /// </summary>
    /// <param name="hash">The hash.</param>
    /// <param name="entry">The entry, if there is one.</param>
    /// <returns>
    /// What to do next. If entries overflow into a block, it has begun to load.
    /// </returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public LineGuess Peek(ulong hash, out IndexEntry entry)
    {
        LineGuess guess = Peek(LineOf(hash), hash, out entry, out nint block);
        if (guess == LineGuess.ProbeLater && Sse.IsSupported)
        {
            // SAFETY: a prefetch faults nowhere.
            Sse.Prefetch0((void*)block);
        }

        return guess;
    }

    /// <summary>The same in a line that was found in the same operation.</summary>
    /// <param name="line">What <see cref="LineOf"/> gave.</param>
    /// <param name="hash">The hash.</param>
    /// <param name="entry">The entry, if there is one.</param>
    /// <param name="block">The block into which entries overflow, if it must be looked at.</param>
    /// <returns>What to do next.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public LineGuess Peek(nint line, ulong hash, out IndexEntry entry, out nint block)
    {
        // SAFETY: lines stay; that the bucket was split meanwhile is found out by a probe.
        Bucket bucket = new((ulong*)line, _overflow);
        BucketControl control = bucket.Control;
        ulong pattern = TagPattern(hash);
        int position = bucket.FindInLine(pattern);
        block = 0;
        if (position >= 0 && !control.IsBatch)
        {
            // Another thread may have stored something else since the tags were compared.
            entry = new IndexEntry(Volatile.Read(ref bucket.GetSlot(control, position)));
            return !entry.IsEmpty && entry.HasTag(pattern) ? LineGuess.Found : LineGuess.Probe;
        }

        entry = default;
        if (!control.HasOverflow)
        {
            return LineGuess.Probe;
        }

        block = (nint)_overflow.GetWord(control.Overflow);
        return LineGuess.ProbeLater;
    }

    /// <summary>Gives the first entry of a hash, by the shortest way.</summary>
    /// <param name="hash">The hash.</param>
    /// <param name="entry">The entry, if there is one.</param>
    /// <returns>
    /// What was found; <see cref="LineGuess.Probe"/> if something was in the way.
    /// </returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public LineGuess Guess(ulong hash, out IndexEntry entry)
    {
        long bucketCount = BucketCount;
        Bucket bucket = GetBucket(BucketNumber(hash, bucketCount));
        BucketControl control = bucket.Control;
        ulong pattern = TagPattern(hash);
        int position = bucket.FindInLine(pattern);
        entry = new IndexEntry(position >= 0
            ? Volatile.Read(ref bucket.GetSlot(control, position))
            : control.HasOverflow ? bucket.FindInBlock(control, pattern) : 0);
        if (!entry.IsEmpty)
        {
            // Another thread may have stored something else since the tags were compared.
            return entry.HasTag(pattern) && !control.IsBatch ? LineGuess.Found : LineGuess.Probe;
        }

        // As in BucketProbe.IsComplete, but an index that grew is left to a probe.
        Volatile.ReadBarrier();
        return position < 0 && !control.IsBatch
            && bucket.Control.IsSameVersion(control) && BucketCount == bucketCount
                ? LineGuess.Absent
                : LineGuess.Probe;
    }

    /// <summary>Latches the bucket of a hash, waiting for whoever holds it.</summary>
    /// <returns>A writer; disposing it releases the latch.</returns>
    public BucketWriter Acquire(ulong hash)
    {
        while (true)
        {
            long number = BucketNumber(hash, BucketCount);
            Bucket bucket = GetBucket(number);
            bucket.TakeLatch();
            if (BucketNumber(hash, BucketCount) == number)
            {
                return new BucketWriter(this, bucket, TagPattern(hash), releases: true);
            }

            // The bucket was split while we waited; a hash moves at most 28 times in all.
            bucket.Unlatch();
        }
    }

    /// <summary>Begins to load the bucket of a hash into the cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(ulong hash)
    {
        if (Sse.IsSupported)
        {
            // SAFETY: a line of an existing bucket; a prefetch faults nowhere anyway.
            Sse.Prefetch0((void*)LineOf(hash));
        }
    }

    /// <summary>Enumerates all entries; nobody may write meanwhile.</summary>
    public IndexEnumerator GetEnumerator() => new(this);

    /// <summary>Gives all memory back.</summary>
    public void Dispose()
    {
        _lines.Dispose();
        _overflow.Dispose();
    }

    /// <summary>Gives the bucket of a hash among some number of buckets, at least 2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long BucketNumber(ulong hash, long bucketCount)
    {
        ulong mask = ulong.MaxValue >> BitOperations.LeadingZeroCount((ulong)bucketCount - 1);
        ulong number = hash & mask;

        // Without a branch, which a processor could only guess: the upper bit goes where there is
        // no such bucket.
        ulong isBeyond = (ulong)((bucketCount - 1 - (long)number) >> 63);
        return (long)(number & ~(isBeyond & (mask ^ (mask >> 1))));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ulong TagPattern(ulong hash) => hash >> _tagOffset << IndexEntry.TagShift;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Bucket GetBucket(long number) => new(_lines.GetLine(number), _overflow);

    /// <summary>Counts what a writer did.</summary>
    /// <returns>True when it is time to look whether splits are owed.</returns>
    internal bool AddToCount(int change) => change != 0 && _counter.Add(change);
}
