using FlashKV.Index;

namespace FlashKV.Snapshots;

/// <summary>
/// The cuts of a shard that snapshots have. Writers look here; without a snapshot that is all.
/// </summary>
internal sealed class ShardCuts
{
    private readonly Lock _lock = new();
    private ShardCut[] _cuts = [];

    public void Add(ShardCut cut)
    {
        lock (_lock)
        {
            Volatile.Write(ref _cuts, [.. _cuts, cut]);
        }
    }

    public void Remove(ShardCut cut)
    {
        lock (_lock)
        {
            Volatile.Write(ref _cuts, Array.FindAll(_cuts, other => other != cut));
        }
    }

    /// <summary>
    /// See <see cref="ShardCut.Note"/>. The caller is inside the operation that replaces the record.
    /// </summary>
    public void Note(ulong hash, IndexEntry entry, ulong sequence)
    {
        foreach (ShardCut cut in Volatile.Read(ref _cuts))
        {
            cut.Note(hash, entry, sequence);
        }
    }
}
