namespace FlashKV;

/// <summary>What verification found.</summary>
/// <param name="Segments">The segments that were read from the device.</param>
/// <param name="Records">The records whose checksum was checked, dead ones included.</param>
/// <param name="Keys">The records that the index points to.</param>
/// <param name="Problems">What is wrong; empty if nothing is.</param>
public sealed record class VerifyReport(
    long Segments, long Records, long Keys, IReadOnlyList<VerifyProblem> Problems)
{
    /// <summary>Whether nothing is wrong.</summary>
    public bool IsWhole => Problems.Count == 0;
}
