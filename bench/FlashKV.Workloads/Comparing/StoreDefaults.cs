namespace FlashKV.Workloads.Comparing;

/// <summary>What a verb does unless told otherwise.</summary>
internal sealed record class StoreDefaults(
    long Keys, int ValueBytes, int[] Threads, double Seconds);
