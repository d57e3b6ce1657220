namespace FlashKV.Index;

/// <summary>
/// A count that many threads change: each adds to one of eight stripes, which pass what has
/// gathered on to the total now and then.
/// </summary>
internal sealed class EntryCounter
{
    /// <summary>The changes that a stripe gathers before it passes them on.</summary>
    public const int FlushAt = 16;

    private const int Stripes = 8;
    private const int StripeStride = 16; // 128 bytes: neighbouring lines are fetched in pairs

    private readonly long[] _counts = new long[(Stripes + 2) * StripeStride];

    /// <summary>Gets the total without what the stripes still hold; cheap.</summary>
    public long Approximate => Volatile.Read(ref _counts[0]);

    /// <summary>Gets the sum; exact when no other thread adds meanwhile.</summary>
    public long Sum()
    {
        long sum = Approximate;
        for (int stripe = 1; stripe <= Stripes; stripe++)
        {
            sum += Volatile.Read(ref _counts[stripe * StripeStride]);
        }

        return sum;
    }

    /// <summary>Adds a change, which may be negative.</summary>
    /// <returns>
    /// True when a stripe was passed on: about once in <see cref="FlushAt"/> changes.
    /// </returns>
    public bool Add(long change)
    {
        int stripe = 1 + Environment.CurrentManagedThreadId % Stripes;
        ref long count = ref _counts[stripe * StripeStride];
        long now = Interlocked.Add(ref count, change);
        if (now is > -FlushAt and < FlushAt)
        {
            return false;
        }

        Interlocked.Add(ref _counts[0], Interlocked.Exchange(ref count, 0));
        return true;
    }
}
