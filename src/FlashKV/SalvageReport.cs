namespace FlashKV;

/// <summary>What salvaging a store has brought.</summary>
/// <param name="Keys">The keys that were recovered, each with its newest value that is whole.</param>
/// <param name="Segments">The segments that were found.</param>
/// <param name="Records">The records that are whole, older versions and tombstones included.</param>
/// <param name="Losses">Every damaged place; empty if there is none.</param>
public sealed record class SalvageReport(
    long Keys, long Segments, long Records, IReadOnlyList<SalvageLoss> Losses)
{
    /// <summary>Whether nothing is damaged.</summary>
    public bool IsWhole => Losses.Count == 0;

    /// <summary>
    /// The keys that are known to have lost their newest record. More may have where
    /// <see cref="SalvageLoss.Records"/> is null.
    /// </summary>
    public long KeysLost => Losses.Sum(static loss => loss.Records ?? 0);
}
