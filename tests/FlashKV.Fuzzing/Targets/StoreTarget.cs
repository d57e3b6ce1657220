using FlashKV.Simulation.Fuzzing;

namespace FlashKV.Fuzzing.Targets;

/// <summary>
/// Whole stores, on a disk and in staging, with changed structures: opened, read, verified, written
/// to, compacted and salvaged. The bytes of an input are the choices of what is changed.
/// </summary>
internal sealed class StoreTarget(string name, bool? staging) : IFuzzTarget
{
    private const int FirstSeeds = 40;
    private const int SeedBytes = 24;

    private readonly StoreFuzzer _fuzzer = new();

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public IReadOnlyList<byte[]> Seeds { get; } = [.. Enumerable.Range(1, FirstSeeds).Select(
        static seed =>
        {
            byte[] input = new byte[SeedBytes];
            new Random(seed).NextBytes(input);
            return input;
        })];

    /// <inheritdoc/>
    public long MostManagedBytes => StoreFuzzer.MostManagedBytes;

    /// <inheritdoc/>
    public void Run(ReadOnlyMemory<byte> input) =>
        _fuzzer.Run("This input", new ChoiceBytes(input), staging);

    public void Dispose() => _fuzzer.Dispose();
}
