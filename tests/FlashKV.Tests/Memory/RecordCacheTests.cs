using System.Buffers.Binary;
using FlashKV.Log;
using FlashKV.Memory;

namespace FlashKV.Tests.Memory;

// Its frames are free once readers of all stores have gone, so its figures depend on other tests.
[Collection(AllocationTests.Alone)]
public class RecordCacheTests
{
    private const int SegmentBytes = 1 << 20;
    private const int Records = 60_000; // about twice what the cache holds
    private const int RecordsPerSegment = 1000;
    private const int Step = 1024;
    private const int Shard = 5;

    [Fact]
    public void A_record_is_found_by_its_own_name_only()
    {
        using Rig rig = new(64);
        rig.Add(7);
        rig.Add(7);
        rig.Add(7);

        Assert.True(rig.IsThere(7));
        Assert.False(rig.IsThere(8));
        Segment segment = rig.SegmentOf(7);
        Assert.False(rig.Cache.TryFind(Shard + 1, segment, Rig.OffsetOf(7), out _));
        Assert.False(rig.Cache.TryFind(Shard, rig.SegmentOf(2007), Rig.OffsetOf(7), out _));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void What_is_found_is_what_was_added(int seed)
    {
        using Rig rig = new(64);
        Random random = new(seed);
        int found = 0;
        for (int i = 0; i < 300_000; i++)
        {
            int number = (int)(Records * Math.Pow(random.NextDouble(), 3));
            if (rig.IsThere(number))
            {
                found++;
            }
            else
            {
                rig.Add(number);
            }
        }

        Assert.InRange(found, 150_000, 300_000);
        Assert.True(rig.Memory.UsedBytes <= rig.Memory.BudgetBytes);
    }

    [Fact]
    public void A_pass_over_everything_drives_out_little_of_what_is_read_often()
    {
        const int Hot = 5_000;
        using Rig rig = new(64);
        Random random = new(3);
        for (int i = 0; i < 100_000; i++)
        {
            rig.Read(random.Next(Hot));
        }

        for (int number = Hot; number < 4 * Records; number++)
        {
            rig.Read(number);
        }

        Assert.InRange(
            Enumerable.Range(0, Hot).Count(number => rig.IsThere(number)), Hot * 9 / 10, Hot);
    }

    [Fact]
    public void Memory_is_lent_up_to_a_share_and_given_back()
    {
        using Rig rig = new(64);
        long before = rig.Memory.GetUsedBytes(MemoryCategory.Cache);
        for (int number = 0; number < Records; number++)
        {
            rig.Read(number);
        }

        int left = rig.Segments.Count(segment => segment.Image != 0);
        Assert.InRange(left, rig.Segments.Count / 8, rig.Segments.Count * 3 / 8);
        Assert.NotEqual(0, rig.Segments[^1].Image);

        Assert.True(rig.Cache.TryGiveBack());
        Assert.False(rig.Cache.TryGiveBack());
        Assert.False(rig.IsThere(Records - 1));
        Assert.InRange(rig.Memory.GetUsedBytes(MemoryCategory.Cache), 0, before / 2);
        rig.Read(1);
        Assert.True(rig.SegmentCache.HasRoom);
    }

    [Fact]
    public void Large_records_are_left_out()
    {
        using Rig rig = new(64);
        rig.Cache.Add(
            Shard, rig.SegmentOf(0), Rig.OffsetOf(0), new byte[RecordCache.MaxRecordBytes + 8]);

        Assert.False(rig.IsThere(0));
    }

    [Fact]
    public void Readers_see_whole_records_while_others_come_and_go()
    {
        using Rig rig = new(64);
        using StressThreads threads = new();
        for (int thread = 0; thread < 3; thread++)
        {
            Random random = new(thread);
            threads.Start(() =>
            {
                for (int i = 0; i < 150_000; i++)
                {
                    rig.Read((int)(Records * Math.Pow(random.NextDouble(), 2)));
                }
            });
        }

        threads.Start(() =>
        {
            for (int i = 0; i < 20; i++)
            {
                _ = rig.Cache.TryGiveBack();
                for (int number = 0; number < 5_000; number++)
                {
                    rig.Read(number * 7 % Records);
                }
            }
        });
        threads.Join();
    }

    /// <summary>A cache that is full of segments, and records that tell their number.</summary>
    private sealed class Rig : IDisposable
    {
        public Rig(int budgetMebibytes)
        {
            Memory = new UnmanagedMemory((long)budgetMebibytes << 20);
            SegmentCache = new SegmentCache(Memory, SegmentBytes);
            Cache = new RecordCache(Memory, SegmentCache);
            while (SegmentCache.TryTakeFree(out NativeRegion frame))
            {
                Segment segment = new(new SegmentHeader { Slot = Segments.Count });
                SegmentCache.Publish(segment, frame);
                Segments.Add(segment);
            }
        }

        public UnmanagedMemory Memory { get; }

        public SegmentCache SegmentCache { get; }

        public RecordCache Cache { get; }

        public List<Segment> Segments { get; } = [];

        public static int OffsetOf(int number) => number % RecordsPerSegment * Step;

        public Segment SegmentOf(int number) =>
            new(new SegmentHeader { SegmentId = 1 + (number / RecordsPerSegment) })
            {
                State = SegmentState.Sealed,
            };

        public void Add(int number)
        {
            Span<byte> record = stackalloc byte[SizeOf(number)];
            record.Fill((byte)number);
            BinaryPrimitives.WriteInt32LittleEndian(record, number);
            using Epoch.Operation operation = Epoch.Enter();
            Cache.Add(Shard, SegmentOf(number), OffsetOf(number), record);
        }

        public void Read(int number)
        {
            if (!IsThere(number))
            {
                Add(number);
            }
        }

        public bool IsThere(int number)
        {
            using Epoch.Operation operation = Epoch.Enter();
            if (!Cache.TryFind(Shard, SegmentOf(number), OffsetOf(number), out NativeRegion bytes))
            {
                return false;
            }

            ReadOnlySpan<byte> record = bytes.Span(0, bytes.Length);
            Assert.Equal(SizeOf(number), record.Length);
            Assert.Equal(number, BinaryPrimitives.ReadInt32LittleEndian(record));
            Assert.Equal(-1, record[4..].IndexOfAnyExcept((byte)number));
            return true;
        }

        public void Dispose() => Memory.Dispose();

        private static int SizeOf(int number) => 200 + (number % 200 * 8);
    }
}
