namespace FlashKV.Simulation.Model;

/// <summary>What a key had at some time.</summary>
/// <param name="Value">The value; null if there was none.</param>
/// <param name="Batch">The batch that wrote it, if it is not known to count; else null.</param>
internal sealed record KeyVersion(byte[]? Value, int? Batch)
{
    public bool Has(byte[]? value) => value is null || Value is null
        ? value is null && Value is null
        : Value.AsSpan().SequenceEqual(value);
}
