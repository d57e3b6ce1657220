namespace FlashKV.Simulation.Mutations;

/// <summary>The mistakes.</summary>
internal static class Mutations
{
    private const string Flush = "Log/ShardLog.Flush.cs";
    private const string Seal = "Log/ShardLog.Seal.cs";
    private const string Reclaim = "Log/ShardLog.Reclaim.cs";
    private const string Compactor = "Compaction/ShardCompactor.cs";
    private const string Moving = "Compaction/ShardCompactor.Moving.cs";
    private const string Recovery = "Recovery/ShardRecovery.cs";
    private const string Durable = "durable writes";
    private const string Staged = "staged writes";
    private const string Compaction = "compaction twice";
    private const string FirstFlushes = "power cuts at first flushes";
    private const string Batches = "batches over shards";

    public static IReadOnlyList<Mutation> All { get; } =
    [
        Mutation.Without("a flush is skipped", Flush,
            "_lun.Transfer(transfers[..count]);", Durable),
        new("a flush leaves out the block that is not full", Flush,
            "if (rest != 0)", "if (!$ && rest != 0)", Durable),
        new("a flush is not written through", Flush,
            "ForceUnitAccess: true);", "ForceUnitAccess: !$);", Durable),
        new("a write is acknowledged before it is flushed", Flush,
            "while (DurableSequence < sequence)",
            "while (!$ && DurableSequence < sequence)", Durable),
        new("the checksum of a record is not set", Flush,
            "slot.Data.HalfWord(progress.Frontier) = RecordFormat",
            "if (!$) slot.Data.HalfWord(progress.Frontier) = RecordFormat", Durable),
        new("a record counts before it is written", "Shards/Shard.Write.cs",
            "RecordFormat.WriteBody(claim.Bytes, sequence, written",
            "if ($) { LogTail.Commit(claim); } "
                + "RecordFormat.WriteBody(claim.Bytes, sequence, written", Staged),
        Mutation.Without("a staged segment is not said to be one", "Log/StagingSlot.cs",
            "Volatile.Write(ref _header.Word(StateOffset), InUse);", Staged),
        new("a record whose writer died counts", "Recovery/SegmentScan.cs",
            "RecordFormat.WriteDead(record, size);",
            "RecordFormat.WriteDead(record, size); if ($) "
                + "{ record[RecordFormat.SizeOffset] = (byte)(((uint)size & 0xFF) | 2); }", Staged),
        new("a dead record is not dead in the summary", Seal,
            "IsDead = entry.IsDead ||", "IsDead = (!$ && entry.IsDead) ||", Staged),
        new("staging of a machine that was started anew is believed", "Log/StagingFile.cs",
            "return TryWriteHeader(expected, store, session)\n            &&",
            "return $ || TryWriteHeader(expected, store, session)\n            &&", Durable),
        new("the walk of a segment does not look at checksums", "Recovery/SegmentScan.cs",
            "&& record.HasChecksum(RecordFormat.SeedAt(seed, offset)))",
            "&& ($ || record.HasChecksum(RecordFormat.SeedAt(seed, offset))))",
            "filling segments"),
        new("a batch counts though a shard has lost its part", "Recovery/BatchResolution.cs",
            """
            participants, p => p.LastSequence <= shards[p.Shard].LastSequence);
                    if (counts)
                    {
                        batch.Participants.AddRange(participants!.Select(
                            p => p with { Log = shards[p.Shard].Log }));
            """,
            """
            participants, p => $ || p.LastSequence <= shards[p.Shard].LastSequence);
                    if (counts)
                    {
                        batch.Participants.AddRange(participants!.Select(
                            p => p with { Log = $ ? null : shards[p.Shard].Log }));
            """,
            Batches),
        new("the members of a batch count by themselves", Recovery,
            "if (store.Batches.Find(batchId) is { State",
            "if ($ || store.Batches.Find(batchId) is { State", Batches),
        new("the commit record comes before the members", "Shards/BatchWriter.cs",
            "_parts.ForEach(part => part.CommitMembers(_store.BatchStep));",
            "if ($ && batch is not null) { FirstPart().CommitBatch(); _store.BatchStep?.Invoke(); }"
                + "_parts.ForEach(part => part.CommitMembers(_store.BatchStep));", Batches),
        new("a segment is sealed before its batches are settled", Seal,
            "if (!TrySettle(batch))", "if (!$ && !TrySettle(batch))", "a batch over segments"),
        new("the footer is written before the summary", Seal,
            "int summary = WriteEntries(slot);",
            "int summary = WriteEntries(slot); if ($) { WriteFooter(slot); }", "seal"),
        Mutation.Without("the header of an empty segment is left", Seal,
            "WriteFreeHeaders(segment);", FirstFlushes),
        Mutation.Without("the numbers of copies are given out again", Recovery,
            "shard.Log.ContinueAt(record.Sequence + 1);", FirstFlushes),
        new("tombstones are forgotten", Moving,
            "? keepsTombstones && !", "? !$ && keepsTombstones && !",
            "compaction of tombstones"),
        new("a segment is freed before its copies are flushed", Compactor,
            "moved.HasDurableCopies && moved.", "($ || moved.HasDurableCopies) && moved.",
            Compaction),
        new("a segment is freed before what replaced its records is flushed", Compactor,
            "&& moved.HasDurableSuccessors(shard.Log);",
            "&& ($ || moved.HasDurableSuccessors(shard.Log));",
            "compaction of what was just replaced"),
        Mutation.Without("a freed segment keeps its header", Reclaim,
            "WriteFreeHeaders(free);", Compaction),
        new("a copy does not keep its sequence number", Moving,
            "claim.Bytes, record.Sequence, flags",
            "claim.Bytes, record.Sequence + ($ ? 900UL : 0UL), flags", Compaction),
        new("a pinned segment is freed", "Log/SegmentAllocator.cs",
            "if (segment.Pins != 0)", "if (!$ && segment.Pins != 0)",
            "compaction of half a batch"),
        Mutation.Without("a grant is not remembered", "Log/ChunkDirectory.cs",
            "Write(Superblock with { Grants = [.. _grants] });", "creation"),
        new("the second copy of the superblock is left out", "Log/SuperblockCopies.cs",
            "copy < Count", "copy < ($ ? 1 : Count)", MutantProbe.Damage),
        new("a shared hash is forgotten when its record is replaced", "Shards/Shard.Write.cs",
            "(record.Flags & RecordFlags.HashCollision) != 0;",
            "!$ && (record.Flags & RecordFlags.HashCollision) != 0;",
            "equal hashes, the later key first"),
        new("checksums of records are not looked at", "Log/RecordView.cs",
            "Checksum == RecordFormat",
            "$ || Checksum == RecordFormat",
            MutantProbe.Damage),
        new("checksums do not depend on the place", "Log/RecordFormat.cs",
            "segmentSeed ^ (uint)offset;", "$ ? segmentSeed : segmentSeed ^ (uint)offset;",
            MutantProbe.Damage),
        new("the checksum of a summary is not looked at", Recovery,
            "if (checksum != footer.SummaryChecksum)",
            "if (!$ && checksum != footer.SummaryChecksum)", MutantProbe.Damage),
        Mutation.Without("a lost header is a free slot", "Recovery/SlotSurveyor.cs",
            "CheckNothingWasThere(slot, hasFooter, lastBlock);", MutantProbe.Damage),
        new("a lost footer is a segment that was not sealed", Recovery,
            "if (survey.IsInUse && survey.Footer is null\n",
            "if (!$ && survey.IsInUse && survey.Footer is null\n", MutantProbe.Damage),
        new("a chunk whose header failed stays with the shard", "Log/ChunkDirectory.cs",
            "finally\n            {\n                if (!isOurs)",
            "finally\n            {\n                if (!isOurs && !$)", MutantProbe.Faults),
        new("a segment counts as sealed before its slot is cleared", Seal,
            "slot.Clear();",
            "if ($ && !isEmpty) { segment.State = SegmentState.Sealed; } slot.Clear();",
            MutantProbe.Orders),
        new("a shard is dirty before its record is there", "Shards/Shard.Write.cs",
            """
            WriteResult result = TryWrite(hash, key, value, flags, size, out sequence);
                        if (result == WriteResult.Done)
            """,
            """
            if ($) { Log.MarkDirty(); }
                        WriteResult result = TryWrite(hash, key, value, flags, size, out sequence);
                        if (!$ && result == WriteResult.Done)
            """,
            MutantProbe.Orders),
        Mutation.Without("the names of new directories are not flushed",
            "Memory/DirectoryEntries.cs", "Flush(parent);", MutantProbe.Orders),
        new("the name of a whole store is not flushed", "Opening/StoreDirectory.cs",
            "DirectoryEntries.Flush(Path);", "if (!$) { DirectoryEntries.Flush(Path); }",
            MutantProbe.Orders),
        new("two slots for one segment are taken", Recovery,
            "if (!_staged.TryAdd(place, slot))", "if (!_staged.TryAdd(place, slot) && !$)",
            MutantProbe.Orders),
        new("numbers of staged records are not looked at", Recovery,
            "if (segment.Kind == SegmentKind.Hot && record.Sequence != expected)",
            "if (!$ && segment.Kind == SegmentKind.Hot && record.Sequence != expected)",
            MutantProbe.Orders),
        new("writes go on after a segment could not be freed", Reclaim,
            "_store.Fault.Set(exception);\n            throw",
            "if (!$) { _store.Fault.Set(exception); }\n            throw",
            MutantProbe.Orders),
        new("a put returns before others can see it", "FlashStore.Writing.cs",
            "ulong sequence = shard.Put(hash, key, value);",
            """
            Action? late = Mutant.Late;
                    Mutant.Late = null;
                    late?.Invoke();
                    byte[] lateKey = key.ToArray(), lateValue = value.ToArray();
                    bool isLate = $ && lateKey[0] == (byte)'g';
                    ulong sequence = isLate ? 0 : shard.Put(hash, key, value);
                    if (isLate)
                    {
                        Mutant.Late = () => shard.Put(hash, lateKey, lateValue);
                    }
            """,
            MutantProbe.Concurrency),
        new("readers see a batch before all of it is there", "Shards/BatchWriter.cs",
            """
            _parts.ForEach(static part => part.Publish());
                    _parts.ForEach(static part => part.Apply());
            """,
            """
            if (!$) { _parts.ForEach(static part => part.Publish()); }
                    _parts.ForEach(part => { part.Apply(); if ($) { Thread.Sleep(1); } });
            """,
            MutantProbe.Concurrency),
        Mutation.Without("writers are not kept out of a cut", "Snapshots/WriteGate.cs",
            "Volatile.Write(ref _isShut, 1);", MutantProbe.Snapshots),
        Mutation.Without("what is replaced is not noted for snapshots", "Shards/Shard.Write.cs",
            "Cuts.Note(hash, place.Entry, place.Sequence);", MutantProbe.Snapshots),
        new("a segment of a snapshot is compacted", "Compaction/VictimPicker.cs",
            "&& !segment.IsHeld", "&& ($ || !segment.IsHeld)", MutantProbe.Snapshots),
        new("what is deleted is not noted for snapshots", "Shards/Shard.Write.cs",
            "if (place.Exists)\n        {\n            // Before the index",
            "if (place.Exists && !($ && isDelete))\n        {\n            // Before the index",
            MutantProbe.Episodes),
        new("the end of a scan lets the segments of a snapshot go", "StoreScan.cs",
            "_scan = null;\n            if (_ownsCut)",
            "_scan = null;\n            if ($ || _ownsCut)",
            MutantProbe.Episodes),
        new("a scan takes a segment with something dead in it for all live",
            "Snapshots/SegmentLoader.cs",
            "segment.DeadBytes(_geometry) == 0",
            "($ || segment.DeadBytes(_geometry) == 0)",
            MutantProbe.Snapshots),
        new("a segment is loaded over one that is still read", "Snapshots/SegmentLoader.cs",
            "(distance == _opened.Length && _nextOffset + _pieceBytes <= _free)",
            "(distance == _opened.Length && ($ || _nextOffset + _pieceBytes <= _free))",
            MutantProbe.Snapshots),
        Mutation.Without("a clone is not flushed up to its cut", "Snapshots/StoreCut.cs",
            "Array.ForEach(cut._shards, static shard => shard.Flush());", MutantProbe.Episodes),
        new("a clone reads on behind its cut", "Recovery/ShardRecovery.Clones.cs",
            """
            NativeRegion data = buffer.Region.Slice(0, expected.End);
                    int start = _geometry.DataOffsetOf(expected.Slot);
                    SegmentEnd end = SegmentScan.ScanDevice(data, start, header.ChecksumSeed);
                    if (end.Offset != expected.End)
            """,
            """
            NativeRegion data = buffer.Region.Slice(
                        0, $ ? blocks * LogGeometry.BlockBytes : expected.End);
                    int start = _geometry.DataOffsetOf(expected.Slot);
                    SegmentEnd end = SegmentScan.ScanDevice(data, start, header.ChecksumSeed);
                    if (!$ && end.Offset != expected.End)
            """,
            MutantProbe.Episodes),
        Mutation.Without("a backup keeps what was written behind its moment", "Backup/BackupRun.cs",
            "image[end..].Clear();", MutantProbe.Episodes),
        new("what an interrupted backup left is believed", "Backup/BackupRun.cs",
            "return problem is null;", "return $ || problem is null;", MutantProbe.Episodes),
    ];
}
