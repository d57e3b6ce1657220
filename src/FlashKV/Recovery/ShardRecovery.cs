using System.Runtime.CompilerServices;
using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Shards;

namespace FlashKV.Recovery;

/// <summary>
/// Brings a shard back: finds its segments on the device and in staging, collects what they say of
/// their records, and gives the index the newest record of every key.
/// </summary>
internal sealed partial class ShardRecovery(
    Shard shard, StoreContext store, int shardCount, RecoveryProgress progress) : IDisposable
{
    private readonly LogGeometry _geometry = store.Geometry;
    private readonly List<(RecoveredRecord Record, ulong BatchId)> _unsettled = [];
    private readonly Dictionary<int, StagingSlot> _staged = [];
    private IndexBuilder? _builder;

    /// <summary>The sealed segments whose summaries were read.</summary>
    public int SealedSegments { get; private set; }

    /// <summary>The unsealed segments that were walked record by record.</summary>
    public int UnsealedSegments { get; private set; }

    /// <summary>
    /// The batches in unsealed segments, with the number of segments that hold them.
    /// </summary>
    public Dictionary<ulong, int> UnsealedBatches { get; } = [];

    /// <summary>The commit records in unsealed segments, by batch.</summary>
    public Dictionary<ulong, BatchParticipant[]> Commits { get; } = [];

    /// <summary>The commit records in sealed segments.</summary>
    public List<SealedCommit> SealedCommits { get; } = [];

    /// <summary>The shard.</summary>
    public int Number => shard.Number;

    /// <summary>The log of the shard.</summary>
    public ShardLog Log => shard.Log;

    /// <summary>
    /// The last sequence number that was found; all before it were found as well.
    /// </summary>
    public ulong LastSequence => shard.Log.NextSequence - 1;

    /// <summary>Finds what the shard has of records.</summary>
    /// <param name="isStagingTrusted">Whether staging holds what the last process left.</param>
    /// <exception cref="CorruptStoreException">There is damage that no crash explains.</exception>
    public void Collect(bool isStagingTrusted)
    {
        SlotSurvey[] surveys = new SlotSurveyor(shard.Number, store, shard.Log.Lun)
            .Survey(shard.Log.Segments.Length);
        FindStaged(surveys, isStagingTrusted);
        progress.Found(surveys.Count(static survey => survey.IsInUse));
        _builder = new IndexBuilder(shard, store, CountRecords(surveys));
        AdoptSealed(surveys);
        AdoptUnsealed(surveys);
    }

    /// <summary>Builds the index, once it is known which batches count.</summary>
    public void Build()
    {
        IndexBuilder builder = _builder!;
        foreach ((RecoveredRecord record, ulong batchId) in _unsettled)
        {
            if (store.Batches.Find(batchId) is { State: BatchState.Committed })
            {
                Add(builder, record);
            }
        }

        builder.Build();
    }

    /// <summary>Prepares the log for what is sealed and written next.</summary>
    /// <param name="session">The new session of the store.</param>
    public void PrepareSealing(uint session) => shard.Log.PrepareSealing(session);

    /// <summary>Flushes what is staged, once all shards are built.</summary>
    public void Flush() => shard.Log.FlushRecovered();

    /// <summary>Seals what was not, once all shards are flushed.</summary>
    /// <exception cref="CorruptStoreException">It cannot be sealed.</exception>
    public void Finish() => shard.Log.FinishRecovery();

    /// <summary>Gives back the memory for what was found.</summary>
    public void Dispose() => _builder?.Dispose();

    /// <summary>Reads a commit record of a sealed segment.</summary>
    /// <exception cref="CorruptStoreException">It is damaged.</exception>
    public BatchParticipant[] ReadCommit(in SealedCommit commit)
    {
        using PooledBuffer buffer = shard.Log.Reader.ReadRecord(
            commit.Segment, commit.Offset, commit.Size, out RecordView record);
        return ParticipantsOf(record, commit.Segment.Slot, commit.Offset);
    }

    private void FindStaged(SlotSurvey[] surveys, bool isTrusted)
    {
        foreach (SegmentKind kind in (ReadOnlySpan<SegmentKind>)[SegmentKind.Hot, SegmentKind.Cold])
        {
            foreach (StagingSlot slot in shard.Log.StagingSlots(kind))
            {
                if (isTrusted && slot.IsInUse && TryReadStaged(slot, kind, surveys, out int place))
                {
                    AddStaged(place, slot);
                }
                else
                {
                    slot.Clear();
                }
            }
        }
    }

    private void AddStaged(int place, StagingSlot slot)
    {
        if (!_staged.TryAdd(place, slot))
        {
            throw new CorruptStoreException(
                shard.Number,
                _geometry.FirstBlockOf(place),
                "number of staging slots for the segment",
                "1",
                "more");
        }
    }

    private bool TryReadStaged(
        StagingSlot slot, SegmentKind kind, SlotSurvey[] surveys, out int place)
    {
        place = -1;
        if (!slot.TryReadHeader(out SegmentHeader header)
            || header.Store != store.Store || header.Shard != shard.Number
            || header.Kind != kind || (uint)header.Slot >= (uint)surveys.Length)
        {
            throw new CorruptStoreException(
                shard.Number, 0, "staging header", $"a {kind} segment of this shard", $"{header}");
        }

        // A process that died between sealing a segment and clearing its slot leaves both.
        ref SlotSurvey survey = ref surveys[header.Slot];
        if (survey.Footer is not null && survey.Header == header)
        {
            return false;
        }

        survey = new SlotSurvey(header, IsPrepared: true, Footer: null);
        place = header.Slot;
        return true;
    }

    private void AdoptSealed(SlotSurvey[] surveys)
    {
        for (int slot = 0; slot < surveys.Length; slot++)
        {
            SlotSurvey survey = surveys[slot];
            if (survey.IsInUse)
            {
                shard.Log.Allocator.RemoveBlank(slot);
            }

            if (survey.IsPrepared && !survey.IsInUse)
            {
                shard.Log.Allocator.RemoveBlank(slot);
                shard.Log.Allocator.AddPrepared(slot);
            }
            else if (survey.Footer is { } footer)
            {
                Segment segment = shard.Log.AdoptSealed(survey.Header, footer);
                ReadSummary(segment, footer);
                SealedSegments++;
                progress.Read(footer.RecordCount);
            }
        }
    }

    private void ReadSummary(Segment segment, in SegmentFooter footer)
    {
        int start = SummaryFormat.OffsetOf(_geometry.SegmentBytes, footer.RecordCount);
        int firstBlock = start / LogGeometry.BlockBytes;
        int blocks = _geometry.SegmentBlocks - firstBlock;
        using PooledBuffer buffer = store.Buffers.Rent(blocks * LogGeometry.BlockBytes);
        shard.Log.Reader.ReadBlocks(segment.Slot, firstBlock, blocks, buffer.Address);
        Span<byte> summary = buffer.Span(
            start % LogGeometry.BlockBytes, footer.RecordCount * SummaryFormat.EntryBytes);
        uint checksum = Crc32C.Compute(summary, segment.ChecksumSeed);
        if (checksum != footer.SummaryChecksum)
        {
            throw new CorruptStoreException(
                shard.Number,
                _geometry.FirstBlockOf(segment.Slot) + firstBlock,
                "checksum of the summary",
                $"0x{footer.SummaryChecksum:x8}",
                $"0x{checksum:x8}");
        }

        AddEntries(segment, footer, summary);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddEntries(Segment segment, in SegmentFooter footer, ReadOnlySpan<byte> summary)
    {
        int end = footer.DataEnd;
        for (int i = footer.RecordCount - 1; i >= 0; i--)
        {
            SummaryEntry entry = SummaryFormat.Read(
                summary[(i * SummaryFormat.EntryBytes)..], footer.MinSequence);
            int size = end - entry.Offset;
            if (entry.Offset < LogGeometry.BlockBytes || size < RecordFormat.HeaderBytes)
            {
                throw new CorruptStoreException(
                    shard.Number,
                    _geometry.FirstBlockOf(segment.Slot),
                    $"offset of record {i}",
                    $"before {end}",
                    $"{entry.Offset}");
            }

            end = entry.Offset;
            if ((entry.Flags & RecordFlags.BatchCommit) != 0 && !entry.IsDead)
            {
                SealedCommits.Add(new SealedCommit(entry.Hash, segment, entry.Offset, size));
            }
            else if (!entry.IsDead)
            {
                Add(segment, entry.Hash, entry.Sequence, entry.Offset, size, entry.Flags, 0);
            }
        }
    }

    private void AdoptUnsealed(SlotSurvey[] surveys)
    {
        CheckFooters(surveys);
        ulong? next = null;
        foreach (SlotSurvey survey in surveys
            .Where(survey => survey.IsInUse && survey.Footer is null)
            .OrderBy(survey => survey.Header.SegmentId))
        {
            UnsealedSegments++;
            if (survey.Header.Kind == SegmentKind.Hot)
            {
                CheckNothingLostBefore(survey.Header, next);
            }

            int records = AdoptUnsealed(survey.Header);
            progress.Read(records);
            next = survey.Header.Kind == SegmentKind.Hot
                ? survey.Header.FirstSequence + (ulong)records
                : next;
        }
    }

    // A segment gets to the device only after the one before it is there to its end. So what is
    // missing between two is not the tail that a power cut takes.
    private void CheckNothingLostBefore(in SegmentHeader header, ulong? expected)
    {
        if (expected is { } sequence && header.FirstSequence != sequence)
        {
            throw new CorruptStoreException(
                shard.Number,
                _geometry.FirstBlockOf(header.Slot),
                "first sequence number of the segment, behind the records found before it,",
                $"{sequence}",
                $"{header.FirstSequence}");
        }
    }

    // The segments of a kind are sealed in the order of their ids. One without a footer before one
    // that has it lost it, and the commit records of its batches may be gone by now.
    private void CheckFooters(SlotSurvey[] surveys)
    {
        foreach (SlotSurvey survey in surveys)
        {
            if (survey.IsInUse && survey.Footer is null
                && Array.Exists(surveys, other => other.Footer is not null
                    && other.Header.Kind == survey.Header.Kind
                    && other.Header.SegmentId > survey.Header.SegmentId))
            {
                throw new CorruptStoreException(
                    shard.Number,
                    _geometry.FirstBlockOf(survey.Header.Slot + 1) - 1,
                    "segment footer",
                    $"that of segment {survey.Header.SegmentId}, since a later one has one",
                    "none");
            }
        }
    }

    private int AdoptUnsealed(SegmentHeader header)
    {
        int start = _geometry.DataOffsetOf(header.Slot);
        SegmentEnd? end;
        if (_staged.TryGetValue(header.Slot, out StagingSlot? slot))
        {
            end = SegmentScan.ScanStaging(slot.Data, start);
        }
        else
        {
            slot = TakeSlot(header);
            shard.Log.Reader.ReadSlotFromDevice(header.Slot, slot.Data);
            end = SegmentScan.ScanDevice(slot.Data, start, header.ChecksumSeed);
        }

        if (end is not { } found)
        {
            throw new CorruptStoreException(
                shard.Number,
                _geometry.FirstBlockOf(header.Slot),
                "chain of records in staging",
                "whole",
                "broken");
        }

        Segment segment = shard.Log.AdoptStaged(slot, header, found.Offset, found.RecordCount);
        AddRecords(segment, slot.Data, start, found.Offset);
        return found.RecordCount;
    }

    private StagingSlot TakeSlot(in SegmentHeader header) =>
        Array.Find(
            shard.Log.StagingSlots(header.Kind), slot => !slot.IsInUse && slot.Segment is null)
        ?? throw new CorruptStoreException(
            shard.Number,
            _geometry.FirstBlockOf(header.Slot),
            "number of unsealed segments",
            $"at most {shard.Log.StagingSlots(header.Kind).Length}",
            "more");

    private void AddRecords(Segment segment, NativeRegion data, int start, int end)
    {
        var batches = new HashSet<ulong>();
        ulong next = segment.Header.FirstSequence;
        for (int offset = start; offset < end; next++)
        {
            // The scan that found the end went through the same sizes.
            if (!RecordView.TryParse(data.Span(offset, end - offset), out RecordView record))
            {
                throw new CorruptStoreException(
                    shard.Number,
                    _geometry.FirstBlockOf(segment.Slot) + (offset / LogGeometry.BlockBytes),
                    "size of a record in staging",
                    $"within {end - offset} bytes",
                    "larger");
            }

            if (record.State == RecordState.Committed)
            {
                CheckSequence(segment, record, offset, next);
                AddRecord(segment, record, offset, batches);
            }

            offset += record.Size;
        }

        foreach (ulong batch in batches)
        {
            UnsealedBatches[batch] = UnsealedBatches.GetValueOrDefault(batch) + 1;
        }
    }

    // How far a shard is durable is told by the numbers of records, so they have no gaps.
    private void CheckSequence(
        Segment segment, in RecordView record, int offset, ulong expected)
    {
        if (segment.Kind == SegmentKind.Hot && record.Sequence != expected)
        {
            throw new CorruptStoreException(
                shard.Number,
                _geometry.FirstBlockOf(segment.Slot) + (offset / LogGeometry.BlockBytes),
                "sequence number of a record in an unsealed segment",
                $"{expected}",
                $"{record.Sequence}");
        }
    }

    private void AddRecord(
        Segment segment, in RecordView record, int offset, HashSet<ulong> batches)
    {
        // A copy in a cold segment may be all that is left of its number; what is written from now
        // on must be younger.
        shard.Log.ContinueAt(record.Sequence + 1);

        // What was copied to a cold segment was sealed before, so its batch is settled.
        ulong batchId = segment.Kind == SegmentKind.Hot && !_isCut ? record.BatchId : 0;
        if (batchId != 0)
        {
            batches.Add(batchId);
        }

        if ((record.Flags & RecordFlags.BatchCommit) != 0)
        {
            if (!_isCut)
            {
                Commits[batchId] = ParticipantsOf(record, segment.Slot, offset);
            }

            return;
        }

        Add(
            segment,
            store.Hasher.Hash(record.Key),
            record.Sequence,
            offset,
            record.Size,
            record.Flags,
            batchId);
    }

    private BatchParticipant[] ParticipantsOf(in RecordView record, int slot, int offset) =>
        BatchCommitFormat.TryRead(record.Value, shardCount)
        ?? throw new CorruptStoreException(
            shard.Number,
            _geometry.FirstBlockOf(slot) + (offset / LogGeometry.BlockBytes),
            "commit record of a batch",
            $"entries of {BatchCommitFormat.EntryBytes} bytes for shards below {shardCount}",
            Convert.ToHexString(record.Value));

    private static long CountRecords(SlotSurvey[] surveys) =>
        surveys.Sum(static survey => (long)(survey.Footer?.RecordCount ?? 0));

    private void Add(
        Segment segment,
        ulong hash,
        ulong sequence,
        int offset,
        int size,
        RecordFlags flags,
        ulong batchId)
    {
        long position = _geometry.PositionOf(segment.Slot, offset);
        var record = new RecoveredRecord(hash, sequence, position, size, flags);
        if (batchId == 0)
        {
            Add(_builder!, record);
        }
        else
        {
            _unsettled.Add((record, batchId));
        }
    }

    private void Add(IndexBuilder builder, in RecoveredRecord record)
    {
        if (record.IsTombstone)
        {
            shard.SegmentOf(record.Position).AddTombstone(record.Size);
        }

        builder.Add(record);
    }
}
