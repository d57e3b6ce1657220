namespace FlashKV;

/// <summary>Something that verification found wrong.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Lba">The block, counted from 0 in the LUN of the shard.</param>
/// <param name="Message">What is wrong.</param>
public sealed record class VerifyProblem(int Shard, long Lba, string Message);
