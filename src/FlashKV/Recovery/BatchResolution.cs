using FlashKV.Shards;

namespace FlashKV.Recovery;

/// <summary>
/// Decides which of the batches in unsealed segments count: those whose commit record some shard
/// has, and of which no shard that takes part has lost a record. All shards have collected what
/// they have; none is built yet.
/// </summary>
internal sealed class BatchResolution(ShardRecovery[] shards, StoreContext store)
{
    private readonly Dictionary<ulong, BatchParticipant[]> _commits = [];

    /// <summary>
    /// Registers every batch in unsealed segments as committed or abandoned, so that sealing knows.
    /// </summary>
    /// <exception cref="CorruptStoreException">A commit record is damaged.</exception>
    public void Resolve()
    {
        var segments = new Dictionary<ulong, int>();
        foreach (ShardRecovery shard in shards)
        {
            foreach ((ulong id, int count) in shard.UnsealedBatches)
            {
                segments[id] = segments.GetValueOrDefault(id) + count;
            }

            foreach ((ulong id, BatchParticipant[] participants) in shard.Commits)
            {
                _commits[id] = participants;
            }
        }

        if (segments.Count != 0)
        {
            FindSealedCommits(segments);
        }

        foreach ((ulong id, int count) in segments)
        {
            Register(id, count);
        }
    }

    private void FindSealedCommits(Dictionary<ulong, int> wanted)
    {
        foreach (ShardRecovery shard in shards)
        {
            foreach (SealedCommit commit in shard.SealedCommits)
            {
                if (wanted.ContainsKey(commit.BatchId) && !_commits.ContainsKey(commit.BatchId))
                {
                    _commits[commit.BatchId] = shard.ReadCommit(commit);
                }
            }
        }
    }

    private void Register(ulong id, int segmentCount)
    {
        var batch = new BatchCommit(id);
        batch.HoldSegments(segmentCount);
        bool counts = _commits.TryGetValue(id, out BatchParticipant[]? participants)
            && Array.TrueForAll(participants, p => p.LastSequence <= shards[p.Shard].LastSequence);
        if (counts)
        {
            batch.Participants.AddRange(participants!.Select(
                p => p with { Log = shards[p.Shard].Log }));
            batch.Commit();
        }
        else
        {
            batch.Abandon();
        }

        store.Batches.Add(batch);
    }
}
