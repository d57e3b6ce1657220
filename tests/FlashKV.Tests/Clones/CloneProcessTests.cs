using System.Text;
using FlashKV.Reader;
using FlashKV.SimBackend.Driver;

namespace FlashKV.Tests.Clones;

/// <summary>Clones that processes of their own read.</summary>
public sealed class CloneProcessTests : IDisposable
{
    private const int Keys = 400;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    private static readonly FlashStoreOptions s_options = new()
    {
        Shards = 4,
        SegmentBytes = 256 << 10,
        MemoryBudget = FlashStoreOptions.MinMemoryBudget,
        Durability = Durability.Buffered,
        SpaceAmplification = 1.1,
    };

    private readonly string _directory =
        Directory.CreateTempSubdirectory("flashkv-clones-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(1)]
    public async Task Ten_clones_of_ten_moments_are_each_what_the_store_was(int seed)
    {
        var random = new Random(seed);
        var model = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var taken = new List<(ReaderProcess Reader, StoreClone Clone, string Contents)>();
        using FlashStore store = FlashStore.Open(_directory, s_options);
        int clonesBefore = ClonesOfChunks(store);
        try
        {
            for (int moment = 0; moment < 10; moment++)
            {
                Change(store, model, random);
                (ReaderProcess reader, StoreClone clone) = await ReaderProcess.CloneAsync(store);
                taken.Add((reader, clone, ContentsOf(model)));

                // The process has not even started: what it gets is of the moment before.
                Change(store, model, random);
                if (random.Next(2) == 0)
                {
                    await store.CompactAsync();
                }
            }

            foreach ((ReaderProcess reader, StoreClone clone, string contents) in taken)
            {
                Assert.Equal("open", reader.ReadLine());
                Assert.Equal(contents, reader.Ask("contents"));
                await clone.WaitUntilReadingAsync().WaitAsync(s_patience);
                Assert.Equal(StoreCloneState.Reading, clone.State);
                Assert.Equal(reader.Id, clone.ReaderId);
                Assert.Equal($"{clone.GetSequence(1)}", reader.Ask("sequence 1"));
            }

            Assert.Equal(10, store.GetStatistics().Clones);
            Assert.True(ClonesOfChunks(store) >= 10, "the driver counts clones of the chunks");
            Change(store, model, random);
            await store.CompactAsync();
            foreach ((ReaderProcess reader, StoreClone clone, string contents) in taken)
            {
                Assert.Equal(contents, reader.Ask("contents"));
                reader.End();
                Assert.Equal(
                    CloneEnd.ClosedByReader, await clone.Completion.WaitAsync(s_patience));
                Assert.Equal(0, clone.HeldBytes);
            }
        }
        finally
        {
            taken.ForEach(static each => each.Reader.Dispose());
        }

        Assert.True(
            SpinWait.SpinUntil(() => ClonesOfChunks(store) == clonesBefore, s_patience),
            "the driver counts no clones any more");
        Assert.Equal(0, store.GetStatistics().Clones);
        Assert.Equal(0, store.GetStatistics().SnapshotHeldBytes);
        Assert.True(store.Verify().IsWhole);
    }

    [Fact]
    public async Task A_reader_that_is_killed_holds_nothing()
    {
        using FlashStore store = FlashStore.Open(_directory, s_options);
        store.Put("key"u8, "value"u8);
        int clonesBefore = ClonesOfChunks(store);
        (ReaderProcess reader, StoreClone clone) = await ReaderProcess.CloneAsync(store);
        using (reader)
        {
            Assert.Equal("open", reader.ReadLine());
            Assert.Equal("value", reader.Ask("get key"));
            reader.Kill();
        }

        Assert.Equal(CloneEnd.ReaderEnded, await clone.Completion.WaitAsync(s_patience));
        Assert.Equal(StoreCloneState.Ended, clone.State);
        Assert.True(SpinWait.SpinUntil(() => ClonesOfChunks(store) == clonesBefore, s_patience));
        Assert.Equal(0, store.GetStatistics().Clones);
    }

    [Fact]
    public async Task A_clone_that_is_taken_back_says_so_to_its_reader()
    {
        using FlashStore store = FlashStore.Open(_directory, s_options);
        store.Put("key"u8, "value"u8);
        (ReaderProcess reader, StoreClone clone) = await ReaderProcess.CloneAsync(store);
        using (reader)
        {
            Assert.Equal("open", reader.ReadLine());
            clone.Dispose();
            Assert.Equal("TakenBack", reader.Ask("ended"));
            Assert.Equal("ended TakenBack", reader.Ask("get key"));
            Assert.Equal("ended TakenBack", reader.Ask("contents"));
            Assert.Equal("ended TakenBack", reader.Ask("many key"));
            reader.End();
        }

        Assert.Equal(CloneEnd.TakenBack, await clone.Completion);
    }

    [Fact]
    public async Task Closing_the_store_ends_its_clones()
    {
        FlashStore store = FlashStore.Open(_directory, s_options);
        store.Put("key"u8, "value"u8);
        (ReaderProcess reader, StoreClone clone) = await ReaderProcess.CloneAsync(store);
        using (reader)
        {
            Assert.Equal("open", reader.ReadLine());
            store.Dispose();
            Assert.Equal("StoreClosed", reader.Ask("ended"));
            Assert.Equal("ended StoreClosed", reader.Ask("get key"));
            Assert.Equal(CloneEnd.StoreClosed, await clone.Completion);
        }

        using FlashStore again = FlashStore.Open(_directory, s_options);
        Assert.Equal("value"u8, again.Get("key"u8)!);
    }

    [Fact]
    public async Task A_clone_is_for_one_process()
    {
        using FlashStore store = FlashStore.Open(_directory, s_options);
        store.Put("key"u8, "value"u8);
        (ReaderProcess reader, StoreClone clone) = await ReaderProcess.CloneAsync(store);
        using (reader)
        using (clone)
        {
            Assert.Equal("open", reader.ReadLine());
            Assert.Equal("refused Taken", reader.Ask("again"));
            Assert.Equal("value", reader.Ask("get key"));
        }
    }

    [Fact]
    public void A_reader_notices_that_the_stores_process_was_killed()
    {
        using ReaderProcess owner = ReaderProcess.Start("store", _directory);
        Assert.Equal("open", owner.ReadLine());
        using ReaderProcess reader = ReaderProcess.Start(_directory);
        Assert.Equal("open", reader.ReadLine());
        string contents = reader.Ask("contents");
        Assert.StartsWith("2000 ", contents, StringComparison.Ordinal);
        reader.Tell("forever");
        Assert.Equal(contents, reader.ReadLine());
        owner.Kill();
        Assert.Equal("ended StoreEnded", reader.ReadLine());
        Assert.Equal("ended StoreEnded", reader.Ask("get key0-0"));

        using FlashStore store = FlashStore.Open(
            _directory, s_options with { OpenMode = OpenMode.OpenExisting });
        Assert.Equal(2_000, store.GetStatistics().Keys);
    }

    [Fact]
    public void A_reader_that_stands_still_keeps_the_next_owner_out()
    {
        using ReaderProcess owner = ReaderProcess.Start("store", _directory);
        Assert.Equal("open", owner.ReadLine());
        using ReaderProcess reader = ReaderProcess.Start(_directory);
        Assert.Equal("open", reader.ReadLine());
        reader.Signal("-STOP");
        owner.Kill();
        StoreLockedException locked = Assert.Throws<StoreLockedException>(() => FlashStore.Open(
            _directory, s_options with { ClonePatience = TimeSpan.FromMilliseconds(100) }));
        Assert.Equal(reader.Id, locked.ProcessId);
        Assert.Contains($"process {reader.Id}", locked.Message, StringComparison.Ordinal);

        reader.Signal("-CONT");
        using FlashStore store = FlashStore.Open(_directory, s_options);
        Assert.Equal("ended StoreEnded", reader.Ask("get key0-0"));
    }

    [Fact]
    public void Without_permission_there_is_no_clone_by_name()
    {
        using FlashStore store = FlashStore.Open(_directory, s_options);
        using ReaderProcess reader = ReaderProcess.Start(_directory);
        Assert.Equal("refused NotServed", reader.ReadLine());
    }

    private static int ClonesOfChunks(FlashStore store)
    {
        AdapterDriver driver = store.Embedded!.Adapter!.Driver;
        return driver.ChunksOf(0)!.CloneCount;
    }

    private static void Change(
        FlashStore store, SortedDictionary<string, string> model, Random random)
    {
        for (int i = 0; i < 600; i++)
        {
            string key = $"key{random.Next(Keys)}";
            if (random.Next(5) == 0)
            {
                store.Delete(Encoding.UTF8.GetBytes(key));
                model.Remove(key);
            }
            else
            {
                string value = new((char)('a' + random.Next(26)), random.Next(2_000));
                store.Put(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value));
                model[key] = value;
            }
        }

        using WriteBatch batch = store.CreateBatch();
        for (int i = 0; i < 20; i++)
        {
            string key = $"key{random.Next(Keys)}";
            batch.Put(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes($"batch{i}"));
            model[key] = $"batch{i}";
        }

        batch.Commit();
    }

    private static string ContentsOf(SortedDictionary<string, string> model)
    {
        Contents contents = new();
        foreach ((string key, string value) in model)
        {
            contents.Add(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value));
        }

        return $"{contents}";
    }
}
