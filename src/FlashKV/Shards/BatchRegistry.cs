using System.Collections.Concurrent;

namespace FlashKV.Shards;

/// <summary>The batches that some unsealed segment may still hold records of.</summary>
internal sealed class BatchRegistry(uint session)
{
    private readonly ConcurrentDictionary<ulong, BatchCommit> _batches = new();
    private long _last;

    /// <summary>Begins a batch, with an id that no other batch of the store ever had.</summary>
    public BatchCommit Begin()
    {
        ulong number = (ulong)Interlocked.Increment(ref _last);
        return Add(new BatchCommit(((ulong)session << 32) | (number & uint.MaxValue)));
    }

    public BatchCommit Add(BatchCommit batch)
    {
        _batches[batch.Id] = batch;
        return batch;
    }

    public BatchCommit? Find(ulong id) => _batches.GetValueOrDefault(id);

    /// <summary>The batches that are not forgotten.</summary>
    public int Count => _batches.Count;

    /// <summary>The batches of which it is open what a power cut makes of them.</summary>
    public BatchCommit[] Unsettled() =>
        _batches.IsEmpty
            ? []
            : [.. _batches.Select(static pair => pair.Value)
                .Where(static batch => !batch.IsSettled)];

    /// <summary>
    /// Returns when every batch that is committed now is on stable storage in all of its shards.
    /// The caller is not inside an operation.
    /// </summary>
    public void WaitDurable()
    {
        foreach ((_, BatchCommit batch) in _batches)
        {
            if (batch.State == BatchState.Committed)
            {
                batch.Participants.ForEach(
                    static part => part.Log?.WaitDurable(part.LastSequence));
            }
        }
    }

    /// <summary>Forgets a batch that no unsealed segment holds records of.</summary>
    public void Remove(BatchCommit batch) => _batches.TryRemove(batch.Id, out _);
}
