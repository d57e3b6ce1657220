namespace FlashKV.Workloads.Comparing;

/// <summary>What a verb does unless told otherwise.</summary>
internal sealed record class StoreDefaults(
    long Keys, int ValueBytes, int[] Threads, double Seconds)
{
    /// <summary>The records of a quick run.</summary>
    public long QuickKeys { get; init; } = 20_000;
}
