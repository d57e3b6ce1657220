namespace FlashKV.Superpipe.Commands;

/// <summary>
/// The rare counters of a context. Any thread adds with <see cref="Interlocked"/>; none of them is
/// touched by a command that simply ends.
/// </summary>
internal sealed class ContextCounters
{
    internal long Retries;
    internal long Delays;
    internal long Failures;
    internal long UnitAttentions;
    internal long RoomWaits;
    internal long ContextResets;
    internal long Recoveries;
    internal long Reissued;
    internal long StaleResponses;
    internal long AdapterErrors;
    internal long RecoveryTicks;

    internal ContextStatistics Snapshot(long commands) => new(
        commands,
        Interlocked.Read(ref Retries),
        Interlocked.Read(ref Delays),
        Interlocked.Read(ref Failures),
        Interlocked.Read(ref UnitAttentions),
        Interlocked.Read(ref RoomWaits),
        Interlocked.Read(ref ContextResets),
        Interlocked.Read(ref Recoveries),
        Interlocked.Read(ref Reissued),
        Interlocked.Read(ref StaleResponses),
        Interlocked.Read(ref AdapterErrors),
        TimeSpan.FromTicks(Interlocked.Read(ref RecoveryTicks)));
}
