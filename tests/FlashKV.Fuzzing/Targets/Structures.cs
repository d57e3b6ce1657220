using System.Buffers.Binary;
using FlashKV.Clones;
using FlashKV.Log;
using FlashKV.Shards;

namespace FlashKV.Fuzzing.Targets;

/// <summary>
/// The persisted structures that are decoded by themselves. What a decoder takes, its encoder gives
/// back: nothing is read that could not have been written.
/// </summary>
internal static class Structures
{
    private const int Segment = FlashStoreOptions.MinSegmentBytes;
    private const int Shards = 4;

    private static readonly StoreId s_store = new(0x1122_3344_5566_7788, 0x99AA_BBCC_DDEE_FF00);

    private static readonly SegmentHeader s_header =
        new(s_store, 1, 3, SegmentKind.Hot, 9, 77);

    public static IEnumerable<IFuzzTarget> All =>
    [
        Superblocks(), ChunkHeaders(), SegmentHeaders(), Footers(), Summaries(), Commits(),
        StagingHeaders(), CloneViews(), new RecordTarget(s_header.ChecksumSeed),
    ];

    private static StructureTarget Superblocks() => new(
        "superblock",
        Superblock.CopyBytes,
        [Written(Superblock.CopyBytes, bytes => NewSuperblock(0).Write(bytes)),
            Written(Superblock.CopyBytes, bytes => NewSuperblock(40).Write(bytes))],
        static bytes =>
        {
            int length = Math.Clamp(
                BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(Superblock.LengthOffset)),
                Superblock.GrantsOffset,
                Superblock.CopyBytes);
            Mend(bytes, Superblock.ChecksumOffset, Superblock.LengthOffset..length, 0);
        },
        static bytes =>
        {
            if (Superblock.TryRead(bytes, out Superblock? read) == SuperblockStatus.Valid)
            {
                byte[] again = new byte[Superblock.CopyBytes];
                int length = read!.Write(again);
                Same(bytes.AsSpan(0, length), again.AsSpan(0, length));
            }
        });

    private static Superblock NewSuperblock(int grants) => new()
    {
        Store = s_store,
        ShardCount = Shards,
        SegmentBytes = Segment,
        HashSeed = 5,
        CreatedMilliseconds = 1_700_000_000_000,
        Generation = 3,
        Session = 2,
        Grants = [.. Enumerable.Range(0, grants).Select(static i => (ushort)(i % Shards))],
    };

    private static StructureTarget ChunkHeaders() => new(
        "chunk-header",
        LogGeometry.BlockBytes,
        [Written(LogGeometry.BlockBytes, static b => new ChunkHeader(s_store, 2, 1).Write(b))],
        static bytes => Mend(
            bytes, ChunkHeader.ChecksumOffset, ..ChunkHeader.ChecksumOffset, 0),
        static bytes =>
        {
            if (ChunkHeader.TryRead(bytes, out ChunkHeader header))
            {
                byte[] again = new byte[LogGeometry.BlockBytes];
                header.Write(again);
                FuzzFailure.Unless(
                    ChunkHeader.TryRead(again, out ChunkHeader second) && second == header,
                    "what was decoded is encoded as something else");
            }
        });

    private static StructureTarget SegmentHeaders() => new(
        "segment-header",
        LogGeometry.BlockBytes,
        [Written(LogGeometry.BlockBytes, static bytes => s_header.WriteBlock(bytes))],
        static bytes =>
        {
            MendHeader(bytes);
            MendHeader(bytes.AsSpan(SegmentHeader.CopyOffset));
        },
        static bytes =>
        {
            if (SegmentHeader.TryReadBlock(bytes, out SegmentHeader header, out bool isCopy))
            {
                byte[] again = new byte[LogGeometry.BlockBytes];
                header.WriteBlock(again);
                int start = isCopy ? SegmentHeader.CopyOffset : 0;
                Same(
                    bytes.AsSpan(start, SegmentHeader.SizeInBytes),
                    again.AsSpan(start, SegmentHeader.SizeInBytes));
            }
        });

    private static StructureTarget Footers()
    {
        var valid = new SegmentFooter(9, 3, 5_000, 0x1234, 77, 79, 11);
        return new StructureTarget(
            "segment-footer",
            SegmentFooter.SizeInBytes,
            [Written(
                SegmentFooter.SizeInBytes, bytes => valid.Write(bytes, s_header.ChecksumSeed))],
            static bytes => Mend(
                bytes,
                SegmentFooter.ChecksumOffset,
                ..SegmentFooter.ChecksumOffset,
                s_header.ChecksumSeed),
            static bytes =>
            {
                bool isRead =
                    SegmentFooter.TryRead(bytes, s_header, Segment, out SegmentFooter footer);
                bool isAny = SegmentFooter.TryReadAny(
                    bytes, s_store, s_header.Shard, s_header.Slot, Segment, out _);
                bool isDamaged = SegmentFooter.IsDamaged(bytes, s_header, Segment);
                FuzzFailure.Unless(!isRead || isAny, "a footer is none of any segment");
                FuzzFailure.Unless(!isRead || !isDamaged, "a footer is whole and damaged");
                if (isRead)
                {
                    byte[] again = new byte[SegmentFooter.SizeInBytes];
                    footer.Write(again, s_header.ChecksumSeed);
                    FuzzFailure.Unless(
                        SegmentFooter.TryRead(again, s_header, Segment, out SegmentFooter second)
                            && second == footer,
                        "what was decoded is encoded as something else");
                    FuzzFailure.Unless(
                        SummaryFormat.OffsetOf(Segment, footer.RecordCount) >= footer.DataEnd,
                        "the summary lies in the records");
                }
            });
    }

    private static StructureTarget Summaries() => new(
        "summary-entry",
        SummaryFormat.EntryBytes,
        [Written(SummaryFormat.EntryBytes, static bytes => SummaryFormat.Write(
            bytes,
            new SummaryEntry(0x1234_5678_9ABC_DEF0, 80, 4_160, RecordFlags.Tombstone, false),
            77))],
        static _ => { },
        static bytes =>
        {
            SummaryEntry entry = SummaryFormat.Read(bytes, 77);
            byte[] again = new byte[SummaryFormat.EntryBytes];
            SummaryFormat.Write(again, entry, 77);
            Same(bytes, again);
        });

    private static StructureTarget Commits()
    {
        BatchParticipant[] participants = [new(0, null, 2, 9), new(3, null, 1, 70)];
        byte[] valid = BatchCommitFormat.Write(participants);
        return new StructureTarget(
            "batch-commit",
            valid.Length,
            [valid],
            static _ => { },
            static bytes =>
            {
                if (BatchCommitFormat.TryRead(bytes, Shards) is { } read)
                {
                    Same(bytes, BatchCommitFormat.Write(read));
                }

                _ = BatchCommitFormat.TryRead(
                    bytes.AsSpan().TrimEnd((byte)0), Shards);
            });
    }

    private static StructureTarget StagingHeaders() => new(
        "staging-header",
        LogGeometry.BlockBytes,
        [Written(LogGeometry.BlockBytes, static bytes =>
        {
            "IUSE"u8.CopyTo(bytes);
            s_header.Write(bytes.AsSpan(LogGeometry.BlockBytes / 2));
        })],
        static bytes => MendHeader(bytes.AsSpan(LogGeometry.BlockBytes / 2)),
        static bytes =>
        {
            _ = StagingFile.SessionOf(bytes);
            string? problem = StagingFile.ProblemOf(bytes, s_store);
            bool isOurs = StagingFile.IsOfThisStart(bytes, s_store, 1);
            FuzzFailure.Unless(problem is null || !isOurs, "a header is another one and ours");
            if (StagingSlot.IsInUseIn(bytes))
            {
                _ = StagingSlot.TryReadHeader(bytes, out _);
            }
        });

    // What a process gets from the one whose store it clones: not persisted, but received.
    private static StructureTarget CloneViews()
    {
        const int Length = 512;
        byte[] valid = CloneViewFormat.Write(new CloneView
        {
            Superblock = new Superblock
            {
                Store = s_store,
                ShardCount = 2,
                SegmentBytes = Segment,
                HashSeed = 5,
                Session = 2,
                CreatedMilliseconds = 1_700_000_000_000,
            },
            CreatedMilliseconds = 1_700_000_000_001,
            ExpiresMilliseconds = 1_700_000_000_002,
            Place = new StorePlace("store", "@driver", "/dev/sg0"),
            Shards = [new CloneShard(7, [new CloneSegment(3, 9, 5_000)]), new CloneShard(8, [])],
        });
        return new StructureTarget(
            "clone-view",
            Length,
            [valid[..^sizeof(uint)]],
            static bytes => Mend(bytes, Length - sizeof(uint), ..(Length - sizeof(uint)), 0),
            static bytes =>
            {
                try
                {
                    _ = CloneViewFormat.Read(bytes);
                }
                catch (CloneRefusedException)
                {
                    // The one answer that is documented.
                }
            });
    }

    private static void MendHeader(Span<byte> bytes) => Mend(
        bytes, SegmentHeader.ChecksumOffset, ..SegmentHeader.ChecksumOffset, 0);

    private static void Mend(Span<byte> bytes, int place, Range covered, uint seed) =>
        BinaryPrimitives.WriteUInt32LittleEndian(
            bytes[place..], Crc32C.Compute(bytes[covered], seed));

    private static byte[] Written(int length, Action<byte[]> write)
    {
        byte[] bytes = new byte[length];
        write(bytes);
        return bytes;
    }

    private static void Same(ReadOnlySpan<byte> given, ReadOnlySpan<byte> again) =>
        FuzzFailure.Unless(
            given.SequenceEqual(again), "what was decoded is encoded as something else");
}
