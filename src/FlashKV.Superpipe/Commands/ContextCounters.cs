namespace FlashKV.Superpipe.Commands;

/// <summary>
/// The counters of a context. But for <see cref="Commands"/> they are rare: any thread adds with
/// <see cref="Interlocked"/>, and none of them is touched by a command that simply ends.
/// </summary>
internal sealed class ContextCounters(string device)
{
    internal long Delays;
    internal long Failures;
    internal long UnitAttentions;
    internal long RoomWaits;
    internal long ContextResets;
    internal long Recoveries;
    internal long Reissued;
    internal long StaleResponses;
    internal long AdapterErrors;
    internal long Held;
    internal long RecoveryTicks;

    /// <summary>
    /// Commands that ended well. Written by the holder of the harvester role only, without a lock
    /// prefix.
    /// </summary>
    internal long Commands;

    private static long s_heldOfProcess;

    private readonly long[] _retries = new long[(int)RetryReason.OtherAfuError + 1];

    /// <summary>The path of the node that the context was attached through.</summary>
    internal string Device => device;

    /// <summary>Those of all contexts, closed ones too.</summary>
    internal static long HeldOfProcess => Interlocked.Read(ref s_heldOfProcess);

    internal void CountHeld()
    {
        Interlocked.Increment(ref Held);
        Interlocked.Increment(ref s_heldOfProcess);
    }

    internal void CountRetry(RetryReason reason) =>
        Interlocked.Increment(ref _retries[(int)reason]);

    internal long CountRetries(RetryReason reason) =>
        Interlocked.Read(ref _retries[(int)reason]);

    /// <summary>Adds what another context has counted.</summary>
    internal void Add(ContextCounters other)
    {
        Commands += Interlocked.Read(ref other.Commands);
        Delays += Interlocked.Read(ref other.Delays);
        Failures += Interlocked.Read(ref other.Failures);
        UnitAttentions += Interlocked.Read(ref other.UnitAttentions);
        RoomWaits += Interlocked.Read(ref other.RoomWaits);
        ContextResets += Interlocked.Read(ref other.ContextResets);
        Recoveries += Interlocked.Read(ref other.Recoveries);
        Reissued += Interlocked.Read(ref other.Reissued);
        StaleResponses += Interlocked.Read(ref other.StaleResponses);
        AdapterErrors += Interlocked.Read(ref other.AdapterErrors);
        Held += Interlocked.Read(ref other.Held);
        RecoveryTicks += Interlocked.Read(ref other.RecoveryTicks);
        for (int i = 0; i < _retries.Length; i++)
            _retries[i] += Interlocked.Read(ref other._retries[i]);
    }

    internal ContextStatistics Snapshot()
    {
        ContextCounters sum = new(device);
        sum.Add(this);
        return new ContextStatistics(
            sum.Commands,
            sum._retries.Sum(),
            sum.Delays,
            sum.Failures,
            sum.UnitAttentions,
            sum.RoomWaits,
            sum.ContextResets,
            sum.Recoveries,
            sum.Reissued,
            sum.StaleResponses,
            sum.AdapterErrors,
            TimeSpan.FromTicks(sum.RecoveryTicks),
            sum.Held);
    }
}
