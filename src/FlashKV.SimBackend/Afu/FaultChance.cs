namespace FlashKV.SimBackend.Afu;

/// <summary>
/// A fault that strikes by a seeded chance. The plan that it is in lets one thread at a time ask.
/// </summary>
internal sealed class FaultChance(PlannedFault fault, int oneIn, int seed)
{
    private readonly Random _random = new(seed);
    private long _struck;

    /// <summary>What happens.</summary>
    internal PlannedFault Fault => fault;

    /// <summary>How often it has struck.</summary>
    internal long Struck => Volatile.Read(ref _struck);

    /// <summary>Counts one command.</summary>
    /// <param name="isTaken">Whether something else strikes it already.</param>
    /// <returns>Whether this fault strikes it.</returns>
    internal bool Strikes(bool isTaken)
    {
        bool strikes = _random.Next(oneIn) == 0 && !isTaken;
        if (strikes)
        {
            Volatile.Write(ref _struck, _struck + 1);
        }

        return strikes;
    }
}
