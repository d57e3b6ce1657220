namespace FlashKV.Workloads.Comparing;

/// <summary>What stores are compared in.</summary>
/// <param name="Workload">Its name.</param>
/// <param name="Threads">The threads.</param>
/// <param name="Keys">The records.</param>
/// <param name="ValueBytes">The bytes of a value.</param>
/// <param name="Distribution">How the records are chosen.</param>
internal sealed record class WorkloadCase(
    string Workload, int Threads, long Keys, int ValueBytes, string Distribution)
{
    public const string Uniform = "uniform";
    public const string Zipfian = "zipfian";

    /// <summary>The bytes of a key.</summary>
    public int KeyBytes { get; init; } = 16;

    public override string ToString() =>
        $"{Workload}, {Distribution}, {Keys:N0} x {ValueBytes} B, threads {Threads}";
}
