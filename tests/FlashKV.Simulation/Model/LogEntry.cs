namespace FlashKV.Simulation.Model;

/// <summary>A record that a write put into the log of a shard, as the reference model sees it.</summary>
/// <param name="Operation">The write; the records of a batch share it.</param>
/// <param name="Key">The number of the key; -1 for the commit record of a batch.</param>
/// <param name="Value">The value; null for a delete.</param>
/// <param name="IsMember">Whether it counts only with the whole of its batch.</param>
internal sealed record LogEntry(int Operation, int Key, byte[]? Value, bool IsMember);
