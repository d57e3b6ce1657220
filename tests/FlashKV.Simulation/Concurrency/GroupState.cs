namespace FlashKV.Simulation.Concurrency;

/// <summary>
/// What the keys of a group have: for each the number of the write that it has its value from, 0 for
/// none.
/// </summary>
internal readonly record struct GroupState(long First, long Second, long Third)
{
    /// <summary>The keys of a group.</summary>
    public const int Keys = 3;

    public long this[int key] => key switch
    {
        0 => First,
        1 => Second,
        _ => Third,
    };

    /// <summary>The state after one key got another value.</summary>
    public GroupState With(int key, long write) => key switch
    {
        0 => this with { First = write },
        1 => this with { Second = write },
        _ => this with { Third = write },
    };
}
