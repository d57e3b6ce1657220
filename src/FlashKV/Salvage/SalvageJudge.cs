using FlashKV.Log;
using FlashKV.Shards;

namespace FlashKV.Salvage;

/// <summary>
/// Hears of every record and every damaged place, and decides then what counts: which batches are
/// whole, which record of a key is its newest, and whether what is lost is known from elsewhere.
/// </summary>
internal sealed class SalvageJudge : ISalvageSink
{
    private readonly SourceSurvey _survey;
    private readonly NewestRecords _newest;
    private readonly Dictionary<ulong, BatchParticipant[]> _commits = [];
    private readonly List<Member> _members = [];
    private readonly HashSet<ulong> _counting = [];
    private readonly List<(SalvageLoss Loss, IReadOnlyList<LostRecord>? Records)> _losses = [];
    private readonly bool _knowsHashes;
    private readonly LogGeometry _geometry;

    public SalvageJudge(SourceSurvey survey, KeyHasher? hasher)
    {
        _survey = survey;
        _geometry = new LogGeometry(survey.SegmentBytes);
        _knowsHashes = hasher is not null;
        _newest = new NewestRecords(
            survey.ShardCount, hasher ?? new KeyHasher(0, 1, ulong.MaxValue));
    }

    /// <summary>The newest records; complete once everything was judged.</summary>
    public NewestRecords Newest => _newest;

    /// <summary>The records that were found whole.</summary>
    public long Records { get; private set; }

    /// <inheritdoc/>
    public void Found(FoundSegment segment, in SalvagedRecord found)
    {
        RecordView record = found.Record;
        int shard = segment.Header.Shard;
        Records++;
        if ((record.Flags & RecordFlags.HashCollision) != 0)
        {
            _newest.AddShared(shard, record.Key);
        }

        if ((record.Flags & RecordFlags.BatchCommit) != 0)
        {
            if (BatchCommitFormat.TryRead(record.Value, _survey.ShardCount) is { } participants)
            {
                _commits[record.BatchId] = participants;
            }
        }
        else if (found.UnsettledBatch != 0)
        {
            _members.Add(new Member(
                segment, found.UnsettledBatch, record.Key.ToArray(), record.Sequence,
                record.IsTombstone));
        }
        else if (!record.Key.IsEmpty)
        {
            NoteSettled(record.BatchId);
            _newest.Add(shard, record.Key, record.Sequence, record.IsTombstone);
        }
    }

    /// <inheritdoc/>
    public void Lost(SalvageLoss loss, IReadOnlyList<LostRecord>? records) =>
        _losses.Add((loss, records));

    /// <summary>Whether a batch in an unsealed segment took effect; known once it was judged.</summary>
    public bool Counts(ulong batch) => _counting.Contains(batch);

    /// <summary>Decides, once all segments were walked.</summary>
    /// <param name="frame">What is damaged outside of the records.</param>
    /// <returns>All losses.</returns>
    public IReadOnlyList<SalvageLoss> Judge(IReadOnlyList<SalvageLoss> frame)
    {
        ResolveBatches();
        foreach (Member member in _members.Where(member => Counts(member.Batch)))
        {
            _newest.Add(
                member.Segment.Header.Shard, member.Key, member.Sequence, member.IsTombstone);
        }

        List<SalvageLoss> losses = [.. frame, .. ResolveLosses()];

        // Without damage, a batch without its commit record was never committed.
        if (losses.Count != 0)
        {
            losses.AddRange(_members.Where(member => !Counts(member.Batch))
                .GroupBy(static member => (member.Segment, member.Batch))
                .Select(LeftOut)
                .Where(static loss => loss.Records != 0));
        }

        return losses;
    }

    // A segment is sealed only when its batches are on stable storage in all shards.
    private void NoteSettled(ulong batch)
    {
        if (batch != 0)
        {
            _counting.Add(batch);
        }
    }

    // Behind a torn record others may be whole, so each record of a batch is asked for.
    private void ResolveBatches()
    {
        var found = _members
            .GroupBy(static member => (member.Batch, member.Segment.Header.Shard))
            .ToDictionary(
                static members => members.Key,
                static members => members.Select(static member => member.Sequence)
                    .Distinct().Count());
        foreach ((ulong batch, BatchParticipant[] participants) in _commits)
        {
            if (Array.TrueForAll(participants, participant => participant.RecordCount
                <= found.GetValueOrDefault((batch, participant.Shard))))
            {
                _counting.Add(batch);
            }
        }
    }

    private IEnumerable<SalvageLoss> ResolveLosses()
    {
        HashSet<(int, ulong)> hashes = [.. _losses
            .SelectMany(static loss => loss.Records ?? [])
            .Select(static lost => (lost.Shard, lost.Hash))];
        Dictionary<(int, ulong), NewestRecords.Version> newest = _newest.NewestOf(hashes);
        foreach ((SalvageLoss loss, IReadOnlyList<LostRecord>? records) in _losses)
        {
            LostRecord[] missed = [.. (records ?? []).Where(lost => IsMissed(lost, newest))];
            yield return loss with
            {
                Records = records is null || (missed.Length != 0 && !_knowsHashes)
                    ? null
                    : missed.Length,
                Keys = [.. missed.Where(static lost => lost.Key is not null)
                    .Select(static lost => (ReadOnlyMemory<byte>)lost.Key)],
            };
        }
    }

    // A newer version makes it superfluous, and so does a deletion of what is not there anyway. Where
    // several keys have its hash, a newer version may be another key's.
    private bool IsMissed(
        in LostRecord lost, Dictionary<(int, ulong), NewestRecords.Version> newest) =>
        lost.SharesHash || _newest.IsShared(lost.Shard, lost.Hash)
        || (newest.TryGetValue((lost.Shard, lost.Hash), out NewestRecords.Version known)
            ? known.Sequence < lost.Sequence && !(known.IsTombstone && lost.IsTombstone)
            : !lost.IsTombstone);

    private SalvageLoss LeftOut(IGrouping<(FoundSegment Segment, ulong Batch), Member> members)
    {
        SegmentHeader header = members.Key.Segment.Header;
        Member[] missed = [.. members.Where(member => !_newest.IsSuperseded(
            header.Shard, member.Key, member.Sequence))];
        return new SalvageLoss
        {
            Shard = header.Shard,
            Lba = _geometry.FirstBlockOf(header.Slot),
            SegmentId = header.SegmentId,
            Field = $"commit record of batch {members.Key.Batch}",
            Expected = "there with all of the batch",
            Found = "missing, or a part of the batch is",
            Records = missed.Length,
            Keys = [.. missed.Select(static member => (ReadOnlyMemory<byte>)member.Key)],
        };
    }

    private sealed record Member(
        FoundSegment Segment, ulong Batch, byte[] Key, ulong Sequence, bool IsTombstone);
}
