using System.Text;
using FlashKV.Log;

namespace FlashKV.Tests.Salvage;

/// <summary>Each kind of damage to each structure of a store on the embedded default.</summary>
public sealed class SalvageTests : IDisposable
{
    private const int Keys = 240;
    private const int SegmentBytes = 256 << 10;
    private const int SegmentBlocks = SegmentBytes / LogGeometry.BlockBytes;
    private const int LostSlot = 1;
    private const int FrameOffset = 20;

    private static readonly FlashStoreOptions s_options =
        new() { Shards = 2, SegmentBytes = SegmentBytes, Capacity = 1L << 30 };

    private readonly string _root = Directory.CreateTempSubdirectory("flashkv-salvage-").FullName;
    private readonly Dictionary<string, List<byte[]?>> _history = [];

    public SalvageTests()
    {
        using FlashStore store = FlashStore.Open(Source, s_options);
        for (int i = 0; i < Keys; i++)
        {
            Put(store, i, 0);
        }

        for (int i = 0; i < Keys; i += 3)
        {
            Put(store, i, 1);
        }

        for (int i = 1; i < Keys; i += 10)
        {
            store.Delete(Name(i), Durability.Buffered);
            History(i).Add(null);
        }

        for (int i = 5; i < Keys; i += 20)
        {
            using WriteBatch batch = store.CreateBatch();
            for (int key = i; key < i + 3; key++)
            {
                batch.Put(Name(key), Value(key, 2));
                History(key).Add(Value(key, 2));
            }

            batch.Commit(Durability.Buffered);
        }
    }

    public static TheoryData<Place, Wrong> Damages
    {
        get
        {
            var data = new TheoryData<Place, Wrong>();
            foreach (Place place in Enum.GetValues<Place>())
            {
                foreach (Wrong wrong in Enum.GetValues<Wrong>())
                {
                    data.Add(place, wrong);
                }
            }

            return data;
        }
    }

    private string Source => Path.Combine(_root, "source");

    private string Destination => Path.Combine(_root, "new");

    private string Device => Path.Combine(Source, "device.flash");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_whole_store_is_copied_whole()
    {
        SalvageReport report = Salvage();

        Assert.Empty(report.Losses);
        AssertNewest(static _ => false);
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public void What_a_damaged_block_does_not_hold_is_recovered(Place place, Wrong wrong)
    {
        DateTime written = Damage(BlockOf(place), wrong);

        SalvageReport report = Salvage();

        SalvageLoss loss = Assert.Single(report.Losses, loss => loss.Field.Contains(
            FieldOf(place), StringComparison.Ordinal) && loss.Lba == LbaOf(place));
        Assert.NotEqual(loss.Expected, loss.Found);
        HashSet<string> lost = [.. report.Losses.SelectMany(static loss => loss.Keys)
            .Select(static key => Encoding.UTF8.GetString(key.Span))];
        bool isCounted = report.Losses.All(static loss => loss.Records is not null);
        Assert.True(lost.Count <= report.KeysLost);
        int different = AssertNewest(
            key => !isCounted || report.KeysLost != 0 || lost.Contains(key));
        Assert.True(!isCounted || different <= report.KeysLost);
        Assert.True(place is Place.Record or Place.Footer || isCounted);
        Assert.True(place is Place.Record or Place.Footer || different == 0);
        Assert.True(different <= 2, $"{different} keys in one block");
        Assert.Equal(written, File.GetLastWriteTimeUtc(Device));
    }

    // What stands in a block is named where it can be told.
    [Theory]
    [InlineData(Wrong.Zeros, "zeros")]
    [InlineData(Wrong.Misdirected, "in the place of block")]
    [InlineData(Wrong.FlippedBit, "0x")]
    public void The_kind_of_the_damage_is_named(Wrong wrong, string expected)
    {
        Damage(BlockOf(Place.Record), wrong);

        SalvageReport report = FlashStore.Examine(
            Source, null, TestContext.Current.CancellationToken);
        Assert.All(report.Losses, loss =>
            Assert.Contains(expected, loss.Found, StringComparison.Ordinal));
        Assert.NotEmpty(report.Losses);

        using FlashStore store = FlashStore.Open(Source, s_options);
        IReadOnlyList<VerifyProblem> problems =
            store.Verify(cancellationToken: TestContext.Current.CancellationToken).Problems;
        Assert.Contains(problems, problem =>
            problem.Message.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void Without_a_superblock_the_chunk_headers_tell()
    {
        Damage(Superblock.BlockOf(0), Wrong.Zeros);
        Damage(Superblock.BlockOf(1), Wrong.FlippedBit);
        Assert.Throws<CorruptStoreException>(() => FlashStore.Open(Source, s_options));

        SalvageReport report = Salvage();

        Assert.Equal(2, report.Losses.Count);
        Assert.Equal(0, report.KeysLost);
        AssertNewest(static _ => false);
    }

    [Fact]
    public void Of_a_lost_record_the_older_value_comes_back_and_the_key_is_named()
    {
        byte[] name = Name(9);
        long block = Assert.Single(FindBlocks(Value(9, 1).AsSpan(0, 300)));
        Damage(block + 1, Wrong.FlippedBit, offset: 100);

        SalvageReport report = Salvage();

        SalvageLoss loss = Assert.Single(report.Losses);
        Assert.Equal(1, loss.Records);
        Assert.Equal(name, Assert.Single(loss.Keys).ToArray());
        using FlashStore store = FlashStore.Open(Destination);
        Assert.Equal(Value(9, 0), store.Get(name));
    }

    [Theory]
    [InlineData((256L << 20) + (LostSlot * SegmentBytes) + 40_960)]
    [InlineData((256L << 20) + (LostSlot * SegmentBytes) + 4_096 + 100)]
    [InlineData((256L << 20) + 4_096)]
    public void A_device_that_is_cut_short_gives_what_is_before_the_cut(long length)
    {
        using (FileStream file = File.OpenWrite(Device))
        {
            file.SetLength(length);
        }

        SalvageReport report = Salvage();

        Assert.Contains(report.Losses, static loss =>
            loss.Records is null && loss.Field.Contains("chunk", StringComparison.Ordinal));
        AssertNewest(static _ => true);
        Assert.Equal(length, new FileInfo(Device).Length);
    }

    [Fact]
    public void A_store_without_staging_loses_nothing_that_was_flushed()
    {
        File.Delete(Path.Combine(Source, "staging"));

        SalvageReport report = Salvage();

        Assert.Equal("missing", Assert.Single(report.Losses).Found);
        AssertNewest(static _ => false);
        Assert.False(File.Exists(Path.Combine(Source, "staging")));
    }

    [Fact]
    public void A_store_without_its_device_is_refused_by_name()
    {
        File.Delete(Device);

        NotAStoreException refused = Assert.Throws<NotAStoreException>(Salvage);

        Assert.Contains("device.flash", refused.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Destination));
    }

    [Fact]
    public void A_device_of_something_else_is_refused()
    {
        File.WriteAllBytes(Device, new byte[1 << 20]);

        Assert.Throws<CorruptStoreException>(Salvage);
        Assert.False(Directory.Exists(Destination));
    }

    [Fact]
    public void A_store_that_is_open_is_not_touched()
    {
        using FlashStore store = FlashStore.Open(Source, s_options);

        Assert.Throws<StoreLockedException>(Salvage);
    }

    [Fact]
    public void A_destination_that_holds_something_is_left_alone()
    {
        Directory.CreateDirectory(Destination);
        File.WriteAllText(Path.Combine(Destination, "mine"), "mine");

        Assert.Throws<NotAStoreException>(Salvage);

        Assert.Equal(["mine"], Directory.EnumerateFileSystemEntries(Destination)
            .Select(static entry => Path.GetFileName(entry)));
    }

    private static byte[] Name(int key) => Encoding.UTF8.GetBytes($"key {key}");

    private static byte[] Value(int key, int version)
    {
        byte[] value = new byte[5_000];
        new Random((key * 10) + version).NextBytes(value);
        return value;
    }

    private List<byte[]?> History(int key) =>
        _history.TryGetValue($"key {key}", out List<byte[]?>? known)
            ? known : _history[$"key {key}"] = [];

    private void Put(FlashStore store, int key, int version)
    {
        store.Put(Name(key), Value(key, version), Durability.Buffered);
        History(key).Add(Value(key, version));
    }

    private SalvageReport Salvage() => FlashStore.Salvage(
        Source, Destination, s_options,
        cancellationToken: TestContext.Current.CancellationToken);

    // Each key has its newest value, or where that is allowed, one that it had once.
    private int AssertNewest(Func<string, bool> mayDiffer)
    {
        int different = 0;
        using FlashStore store = FlashStore.Open(Destination);
        Assert.True(store.Verify(
            cancellationToken: TestContext.Current.CancellationToken).IsWhole);
        foreach ((string key, List<byte[]?> values) in _history)
        {
            byte[]? found = store.Get(Encoding.UTF8.GetBytes(key));
            if (Same(found, values[^1]))
            {
                continue;
            }

            different++;
            Assert.True(mayDiffer(key), key);
            Assert.True(found is null || values.Exists(value => Same(found, value)), key);
        }

        return different;
    }

    private static bool Same(byte[]? left, byte[]? right) =>
        left is null ? right is null : left.AsSpan().SequenceEqual(right) && right is not null;

    // Shard 0 got the first chunk behind that of the superblock.
    private static long SlotBlock => LogGeometry.ChunkBlocks + (LostSlot * SegmentBlocks);

    private static long BlockOf(Place place) => place switch
    {
        Place.SuperblockCopy => Superblock.BlockOf(0),
        Place.ChunkHeader => LogGeometry.ChunkBlocks,
        Place.SegmentHeader => SlotBlock,
        Place.Record => SlotBlock + 7,
        _ => SlotBlock + SegmentBlocks - 1,
    };

    private static long LbaOf(Place place) => place == Place.SuperblockCopy
        ? BlockOf(place)
        : BlockOf(place) - LogGeometry.ChunkBlocks;

    private static string FieldOf(Place place) => place switch
    {
        Place.SuperblockCopy => "superblock",
        Place.ChunkHeader => "chunk header",
        Place.SegmentHeader => "segment header",
        Place.Record => "checksum of the record",
        _ => "footer",
    };

    private DateTime Damage(long block, Wrong wrong, int offset = FrameOffset)
    {
        using (FileStream file = File.Open(Device, FileMode.Open, FileAccess.ReadWrite))
        {
            byte[] content = new byte[LogGeometry.BlockBytes];
            file.Position = block * content.Length;
            file.ReadExactly(content);
            if (wrong == Wrong.FlippedBit)
            {
                // In a footer that is the data's end; in a header the store's id, and its copy's.
                content[offset] ^= 16;
                content[^(64 - 20)] ^= (byte)(offset == FrameOffset ? 16 : 0);
            }
            else if (wrong == Wrong.Zeros)
            {
                content.AsSpan().Clear();
            }
            else
            {
                file.Position = (SlotBlock + 12) * content.Length;
                file.ReadExactly(content);
            }

            file.Position = block * content.Length;
            file.Write(content);
        }

        return File.GetLastWriteTimeUtc(Device);
    }

    private List<long> FindBlocks(ReadOnlySpan<byte> part)
    {
        var found = new List<long>();
        using FileStream file = File.OpenRead(Device);
        byte[] content = new byte[4 << 20];
        for (int chunk = 1; chunk < 3; chunk++)
        {
            file.Position = (long)chunk * LogGeometry.ChunkBytes;
            file.ReadExactly(content);
            int offset = content.AsSpan().IndexOf(part);
            if (offset >= 0)
            {
                found.Add(((long)chunk * LogGeometry.ChunkBlocks)
                    + (offset / LogGeometry.BlockBytes));
            }
        }

        return found;
    }

    public enum Place
    {
        SuperblockCopy,
        ChunkHeader,
        SegmentHeader,
        Record,
        Footer,
    }

    public enum Wrong
    {
        FlippedBit,
        Zeros,
        Misdirected,
    }
}
