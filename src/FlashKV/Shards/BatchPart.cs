using System.Diagnostics;
using FlashKV.Index;
using FlashKV.Log;

namespace FlashKV.Shards;

/// <summary>What a batch does in one shard.</summary>
internal sealed class BatchPart(Shard shard, BatchContents contents, BatchMember[] members)
    : IDisposable
{
    private readonly BatchLatches _latches = new(shard.Index);
    private readonly ulong[] _hashes = Array.ConvertAll(members, m => m.Operation.Hash);
    private int _claimed;
    private int _inserted;
    private TailClaim? _commitRecord;
    private Segment? _lastSegment;

    public Shard Shard { get; } = shard;

    /// <summary>The operations that write a record; known once they were looked up.</summary>
    public int MemberCount { get; private set; }

    /// <summary>The sequence number of the last claimed record.</summary>
    public ulong LastSequence { get; private set; }

    /// <summary>The segments that hold its claimed records.</summary>
    public int SegmentCount { get; private set; }

    /// <summary>Latches the buckets of its keys and looks the keys up.</summary>
    public void AcquireAndLocate()
    {
        _latches.Acquire(_hashes);
        MemberCount = 0;
        foreach (ref BatchMember member in members.AsSpan())
        {
            member.Place = Shard.Locate(
                _latches, member.Operation.Hash, contents.KeyOf(member.Operation));
            MemberCount += member.IsIdle ? 0 : 1;
        }
    }

    /// <summary>Claims and writes the records. Nobody can see them yet.</summary>
    /// <param name="batchId">The batch; 0 if the record is the only one.</param>
    /// <param name="reserve">The prepared slots that must be left.</param>
    /// <returns>false if there is no room.</returns>
    public bool TryWriteRecords(ulong batchId, int reserve)
    {
        _lastSegment = null;
        SegmentCount = 0;
        for (; _claimed < members.Length; _claimed++)
        {
            ref BatchMember member = ref members[_claimed];
            if (!member.IsIdle && !TryWriteRecord(ref member, batchId, reserve))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Claims the commit record behind the others.</summary>
    public bool TryClaimCommit(int size, int reserve)
    {
        if (!TryClaim(size, reserve, out TailClaim claim))
        {
            return false;
        }

        _commitRecord = claim;
        return true;
    }

    /// <summary>Writes the claimed commit record.</summary>
    public void WriteCommit(ulong batchId, ReadOnlySpan<byte> participants)
    {
        TailClaim claim = _commitRecord!.Value;
        RecordFormat.WriteBody(
            claim.Bytes, claim.HotSequence, RecordFlags.BatchCommit, batchId, [], participants);
    }

    /// <summary>
    /// Inserts the entries of new keys. Their records do not show their keys yet, so that readers
    /// pass them by.
    /// </summary>
    /// <returns>false if the index has no room.</returns>
    public bool TryInsert()
    {
        for (; _inserted < members.Length; _inserted++)
        {
            ref BatchMember member = ref members[_inserted];
            if (member.Inserts
                && !Shard.TryInsert(_latches, member.Operation.Hash, member.Claim))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Makes readers of its keys wait until <see cref="Release"/>.</summary>
    public void Publish() => _latches.Publish();

    /// <summary>Makes the index show the new state. Cannot fail.</summary>
    public void Apply()
    {
        foreach (ref BatchMember member in members.AsSpan())
        {
            if (member.Inserts)
            {
                RecordFormat.ShowKey(
                    member.Claim.Slot.Data, member.Claim.Offset, member.Operation.KeyLength);
                member.Claim.Segment.AddLive(member.Claim.Size);
            }
            else if (!member.IsIdle)
            {
                Shard.Change(_latches, member);
            }
        }
    }

    /// <summary>Completes the records.</summary>
    public void CommitMembers(Action? step)
    {
        foreach (ref readonly BatchMember member in members.AsSpan())
        {
            if (!member.IsIdle)
            {
                LogTail.Commit(member.Claim);
                step?.Invoke();
            }
        }
    }

    /// <summary>Completes the commit record: the batch counts.</summary>
    public void CommitBatch() => LogTail.Commit(_commitRecord!.Value);

    /// <summary>Takes back what was inserted and gives up what was claimed.</summary>
    public void Abandon()
    {
        foreach (ref readonly BatchMember member in members.AsSpan(0, _inserted))
        {
            if (member.Inserts)
            {
                Shard.TakeBack(_latches, member.Operation.Hash, member.Claim);
            }
        }

        foreach (ref readonly BatchMember member in members.AsSpan(0, _claimed))
        {
            if (!member.IsIdle)
            {
                LogTail.Abandon(member.Claim);
            }
        }

        if (_commitRecord is { } claim)
        {
            LogTail.Abandon(claim);
        }
    }

    /// <summary>Lets readers and writers go on, and forgets what was claimed.</summary>
    public void Release()
    {
        _latches.Release();
        _claimed = 0;
        _inserted = 0;
        _commitRecord = null;
    }

    public void Dispose() => _latches.Dispose();

    private bool TryWriteRecord(ref BatchMember member, ulong batchId, int reserve)
    {
        RecordFlags flags =
            member.Flags | (batchId != 0 ? RecordFlags.BatchMember : RecordFlags.None);
        BatchOperation operation = member.Operation;
        int size = RecordFormat.SizeOf(flags, operation.KeyLength, operation.ValueLength);
        Debug.Assert(size <= member.Size);
        if (!TryClaim(size, reserve, out TailClaim claim))
        {
            return false;
        }

        member.Claim = claim;
        RecordFormat.WriteBody(
            claim.Bytes,
            claim.HotSequence,
            flags,
            batchId,
            contents.KeyOf(operation),
            contents.ValueOf(operation));
        if (member.Inserts)
        {
            RecordFormat.HideKey(claim.Slot.Data, claim.Offset);
        }

        return true;
    }

    private bool TryClaim(int size, int reserve, out TailClaim claim)
    {
        if (!Shard.Log.TryClaimForBatch(size, reserve, out claim))
        {
            return false;
        }

        Step.Reached(Step.Placed);
        LastSequence = claim.HotSequence;
        if (_lastSegment != claim.Segment)
        {
            _lastSegment = claim.Segment;
            SegmentCount++;
        }

        return true;
    }
}
