namespace FlashKV.Workloads.Workers;

/// <summary>
/// The operations of one thread, chosen before the run so that choosing is not measured. It is gone
/// through again and again.
/// </summary>
internal sealed class OperationStream
{
    private readonly long[] _numbers;
    private readonly Operation[] _kinds;
    private int _next;

    /// <summary>Chooses.</summary>
    /// <param name="mix">The kinds.</param>
    /// <param name="keys">The records that were loaded.</param>
    /// <param name="zipfian">The distribution; null for uniform.</param>
    /// <param name="length">How many, a power of two.</param>
    /// <param name="seed">The same seed gives the same stream.</param>
    public OperationStream(Mix mix, long keys, Zipfian? zipfian, int length, int seed)
    {
        _numbers = new long[length];
        _kinds = new Operation[length];
        var random = new Random(seed);
        Operation[] byPercent = [.. Enumerable.Range(0, 100).Select(mix.Choose)];
        for (int i = 0; i < length; i++)
        {
            _kinds[i] = byPercent[random.Next(byPercent.Length)];
            _numbers[i] = zipfian is null
                ? random.NextInt64(keys)
                : Number(zipfian.Rank(random.NextDouble()), keys, mix.IsLatest);
        }
    }

    /// <summary>The next operation.</summary>
    /// <param name="number">
    /// The record; in a mix that reads the latest, how many records before the newest it lies.
    /// </param>
    public Operation Next(out long number)
    {
        int next = _next++ & (_numbers.Length - 1);
        number = _numbers[next];
        return _kinds[next];
    }

    private static long Number(long rank, long keys, bool isLatest) =>
        isLatest ? rank : (long)(Payload.Mix((ulong)rank) % (ulong)keys);
}
