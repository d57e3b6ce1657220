using System.Diagnostics.CodeAnalysis;
using FlashKV.Log;
using FlashKV.Memory;

namespace FlashKV.Shards;

/// <summary>
/// Writes a batch: all of it, or nothing. With all latches held, in the order of the shards, the
/// records are claimed and written, then a commit record; only then do readers see any of it.
/// </summary>
internal sealed class BatchWriter
{
    /// <summary>
    /// The segments that the records of one shard may need: a tail has three slots, one of which
    /// may hold other records.
    /// </summary>
    public const int MaxSegmentsPerShard = 2;

    // More turns than this without room mean a defect, not load.
    private const int MaxTurns = 1_000_000;
    private const int TurnsBeforeSleep = 1_000;

    private readonly StoreContext _store;
    private readonly List<BatchPart> _parts = [];
    private readonly List<BatchRoom> _rooms = [];
    private readonly int _reserve;
    private readonly int _commitSize;

    /// <summary>Plans the writing of a batch.</summary>
    /// <exception cref="ArgumentException">A shard gets too much.</exception>
    public BatchWriter(StoreCore store, BatchContents contents)
    {
        _store = store.Context;
        List<BatchOperation> operations = contents.LastOnEachKey();
        _reserve = operations.TrueForAll(static operation => operation.IsDelete)
            ? SegmentAllocator.ReservedForCompaction
            : SegmentAllocator.ReservedForDeletes;
        int shards = operations.Select(static operation => operation.Shard).Distinct().Count();
        _commitSize = RecordFormat.SizeOf(
            RecordFlags.BatchCommit, 0, shards * BatchCommitFormat.EntryBytes);
        for (int first = 0; first < operations.Count;)
        {
            int next = operations.FindIndex(first, o => o.Shard != operations[first].Shard);
            next = next < 0 ? operations.Count : next;
            AddPart(store.Shards[operations[first].Shard], contents, operations, first, next);
            first = next;
        }
    }

    /// <summary>Writes the batch. The caller is not inside an operation.</summary>
    /// <exception cref="StoreFullException">The device has no room; nothing is changed.</exception>
    /// <exception cref="InsufficientMemoryException">Nothing is changed.</exception>
    public void Write()
    {
        SpinWait spin = default;
        for (int turn = 0; turn < MaxTurns; turn++)
        {
            _store.Fault.ThrowIfSet();
            for (int i = 0; i < _parts.Count; i++)
            {
                _parts[i].Shard.Log.EnsureBatchRoom(_rooms[i], _reserve);
            }

            if (TryWrite())
            {
                return;
            }

            _store.Writing.WaitUntilOpen();
            spin.SpinOnce(TurnsBeforeSleep);
        }

        throw new InvalidOperationException($"A batch found no room in {MaxTurns} turns.");
    }

    /// <summary>Returns when the batch that was written is on stable storage.</summary>
    public void WaitDurable()
    {
        foreach (BatchPart part in _parts.Where(static part => part.MemberCount != 0))
        {
            part.Shard.Log.WaitDurable(part.LastSequence);
        }
    }

    /// <summary>Completes when the batch that was written is on stable storage.</summary>
    public async ValueTask WaitDurableAsync(CancellationToken cancellationToken)
    {
        foreach (BatchPart part in _parts.Where(static part => part.MemberCount != 0))
        {
            await part.Shard.Log.WaitDurableAsync(part.LastSequence, cancellationToken)
                .ConfigureAwait(false);
        }
    }

    private void AddPart(
        Shard shard, BatchContents contents, List<BatchOperation> operations, int first, int next)
    {
        var members = new BatchMember[next - first];
        var room = new BatchRoom(_store.Geometry);
        for (int i = first; i < next; i++)
        {
            BatchOperation operation = operations[i];
            int size = RecordFormat.SizeOf(
                RecordFlags.BatchMember, operation.KeyLength, operation.ValueLength);
            room = room.With(size);
            members[i - first] = new BatchMember
            {
                Operation = operation,
                Size = size,
                CollidesInBatch =
                    (i > first && operations[i - 1].Hash == operation.Hash)
                    || (i + 1 < next && operations[i + 1].Hash == operation.Hash),
            };
        }

        room = room.With(_commitSize);
        if (room.Segments > MaxSegmentsPerShard)
        {
            ThrowTooLarge(shard.Number, room);
        }

        _parts.Add(new BatchPart(shard, contents, members));
        _rooms.Add(room);
    }

    private bool TryWrite()
    {
        using Epoch.Operation operation = Epoch.Enter();
        if (_store.Writing.IsShut)
        {
            return false;
        }

        try
        {
            foreach (BatchPart part in _parts)
            {
                part.AcquireAndLocate();
            }

            return _parts.Sum(static part => part.MemberCount) switch
            {
                0 => true,
                1 => TryWriteLatched(null),
                _ => TryWriteLatched(_store.Batches.Begin()),
            };
        }
        finally
        {
            _parts.ForEach(static part => part.Release());
        }
    }

    /// <summary>Writes with all latches held.</summary>
    /// <param name="batch">The batch; null if there is one record, which needs no more.</param>
    /// <returns>false if there is no room; nothing is changed then.</returns>
    private bool TryWriteLatched(BatchCommit? batch)
    {
        bool isWritten = false;
        try
        {
            if (TryWriteRecords(batch))
            {
                Insert();
                isWritten = true;
            }
        }
        finally
        {
            if (!isWritten)
            {
                Abandon(batch);
            }
        }

        if (isWritten)
        {
            Complete(batch);
        }

        return isWritten;
    }

    private bool TryWriteRecords(BatchCommit? batch)
    {
        foreach (BatchPart part in _parts)
        {
            if (!part.TryWriteRecords(batch?.Id ?? 0, _reserve))
            {
                return false;
            }

            _store.BatchStep?.Invoke();
        }

        if (batch is null)
        {
            return true;
        }

        int participants = _parts.Count(static part => part.MemberCount != 0);
        int size = RecordFormat.SizeOf(
            RecordFlags.BatchCommit, 0, participants * BatchCommitFormat.EntryBytes);
        BatchPart first = FirstPart();
        if (!first.TryClaimCommit(size, _reserve))
        {
            return false;
        }

        Register(batch);
        first.WriteCommit(batch.Id, BatchCommitFormat.Write(batch.Participants));
        return true;
    }

    private BatchPart FirstPart() => _parts.Find(static part => part.MemberCount != 0)!;

    // Before any record counts: whoever flushes it finds all of this.
    private void Register(BatchCommit batch)
    {
        foreach (BatchPart part in _parts.Where(static part => part.MemberCount != 0))
        {
            batch.Participants.Add(new BatchParticipant(
                part.Shard.Number, part.Shard.Log, part.MemberCount, part.LastSequence));
        }

        batch.HoldSegments(_parts.Sum(static part => part.SegmentCount));
    }

    private void Insert()
    {
        foreach (BatchPart part in _parts)
        {
            if (!part.TryInsert())
            {
                throw new InsufficientMemoryException(
                    "The memory budget has no room for the index entries of the batch.");
            }
        }
    }

    private void Abandon(BatchCommit? batch)
    {
        _parts.ForEach(static part => part.Abandon());
        if (batch is not null)
        {
            batch.Abandon();
            _store.Batches.Remove(batch);
        }
    }

    private void Complete(BatchCommit? batch)
    {
        _parts.ForEach(static part => part.Publish());
        _parts.ForEach(static part => part.Apply());
        _parts.ForEach(part => part.CommitMembers(_store.BatchStep));
        if (batch is not null)
        {
            FirstPart().CommitBatch();
            batch.Commit();
            _store.BatchStep?.Invoke();
        }

        foreach (BatchPart part in _parts.Where(static part => part.MemberCount != 0))
        {
            part.Shard.Log.MarkDirty();
        }
    }

    [DoesNotReturn]
    private static void ThrowTooLarge(int shard, in BatchRoom room) =>
        throw new ArgumentException(
            $"The records of a batch for one shard must fit into {MaxSegmentsPerShard} segments; "
            + $"those for shard {shard} have {room.Bytes} bytes and need {room.Segments}.");
}
