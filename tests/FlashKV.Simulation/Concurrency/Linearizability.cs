namespace FlashKV.Simulation.Concurrency;

/// <summary>
/// Looks for an order of calls in which each is answered as it was, and in which no call comes before
/// one that had ended when it began (Wing and Gong; states that were seen are not looked at again).
/// </summary>
internal sealed class Linearizability
{
    /// <summary>The most calls that one history has.</summary>
    public const int MaxCalls = 128;

    private readonly Call[] _calls;
    private readonly HashSet<(UInt128 Done, GroupState State)> _seen = [];

    private Linearizability(Call[] calls) => _calls = calls;

    /// <summary>Whether there is such an order.</summary>
    /// <param name="state">What the keys have before the first call.</param>
    /// <param name="calls">The calls, at most <see cref="MaxCalls"/>.</param>
    public static bool Holds(GroupState state, IEnumerable<Call> calls)
    {
        Call[] sorted = [.. calls.OrderBy(static call => call.Begun)];
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sorted.Length, MaxCalls);
        return new Linearizability(sorted).Search(0, 0, state);
    }

    private bool Search(UInt128 done, int count, GroupState state)
    {
        if (count == _calls.Length)
        {
            return true;
        }

        long firstEnd = long.MaxValue;
        for (int i = 0; i < _calls.Length; i++)
        {
            UInt128 bit = UInt128.One << i;
            if ((done & bit) != 0)
            {
                continue;
            }

            if (_calls[i].Begun > firstEnd)
            {
                // It and all that follow began after a call had ended that is yet to come.
                return false;
            }

            firstEnd = Math.Min(firstEnd, _calls[i].Ended);
            if (_calls[i].TryApply(state, out GroupState after)
                && _seen.Add((done | bit, after))
                && Search(done | bit, count + 1, after))
            {
                return true;
            }
        }

        return false;
    }
}
