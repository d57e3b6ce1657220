using System.Diagnostics;
using System.Text;
using FlashKV.SimBackend.Driver;

namespace FlashKV.Tests.Clones;

/// <summary>How clones end, and who is refused one.</summary>
public sealed class CloneEndTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_timeToLive = TimeSpan.FromMinutes(7);

    private readonly FiringTime _time = new();
    private readonly FlashStoreOptions _options;

    private readonly string _directory =
        Directory.CreateTempSubdirectory("flashkv-clones-").FullName;

    public CloneEndTests() => _options = new FlashStoreOptions
    {
        Shards = 4,
        SegmentBytes = 256 << 10,
        MemoryBudget = FlashStoreOptions.MinMemoryBudget,
        Durability = Durability.Buffered,
        SpaceAmplification = 1.1,
        TimeProvider = _time,
    };

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_reader_that_hangs_holds_nothing_once_its_time_is_over()
    {
        using FlashStore store = FlashStore.Open(_directory, _options);
        PutAll(store, 500, 'a');
        (ReaderProcess reader, StoreClone clone) = await ReaderProcess.CloneAsync(
            store, new CloneOptions { TimeToLive = s_timeToLive });
        using (reader)
        {
            Assert.Equal("open", reader.ReadLine());
            string contents = reader.Ask("contents");
            reader.Signal("-STOP");
            Assert.Equal(clone.CreatedAt + s_timeToLive, clone.ExpiresAt);
            _time.Fire(s_timeToLive);
            Assert.Equal(CloneEnd.Expired, await clone.Completion.WaitAsync(s_patience));

            // What it held is used again, several times over.
            for (int round = 0; round < 4; round++)
            {
                PutAll(store, 500, (char)('b' + round));
                await store.CompactAsync();
            }

            Assert.Equal(0, store.GetStatistics().SnapshotHeldBytes);
            reader.Tell("contents");
            reader.Signal("-CONT");

            // It may have looked before it was told; but what it then says is its moment.
            string answer = reader.ReadLine();
            Assert.True(answer == contents || answer == "ended Expired", answer);
            Assert.Equal("Expired", reader.Ask("ended"));
            Assert.Equal("ended Expired", reader.Ask("get key1"));
        }
    }

    [Fact]
    public async Task A_clone_that_nobody_opens_is_given_up()
    {
        using FlashStore store = FlashStore.Open(_directory, _options);
        var start = new ProcessStartInfo("cat") { RedirectStandardInput = true };
        using StoreClone clone = await store.CloneToAsync(start);
        Assert.Equal(StoreCloneState.Starting, clone.State);
        Assert.Equal(0, clone.ReaderId);
        _time.Fire(new CloneOptions().StartTimeout);
        Assert.Equal(CloneEnd.NotOpened, await clone.Completion.WaitAsync(s_patience));
        CloneEndedException end = await Assert.ThrowsAsync<CloneEndedException>(
            () => clone.WaitUntilReadingAsync());
        Assert.Equal(CloneEnd.NotOpened, end.Reason);
        clone.Process.StandardInput.Close();
        Assert.False(start.Environment.ContainsKey("FLASHKV_CLONE"));
    }

    [Fact]
    public async Task A_process_that_ends_without_opening_its_clone_holds_nothing()
    {
        using FlashStore store = FlashStore.Open(_directory, _options);
        using StoreClone clone = await store.CloneToAsync(new ProcessStartInfo("true"));
        Assert.Equal(CloneEnd.ReaderEnded, await clone.Completion.WaitAsync(s_patience));
        Assert.Equal(0, store.GetStatistics().Clones);
    }

    [Fact]
    public async Task A_process_that_cannot_be_started_leaves_no_clone()
    {
        using FlashStore store = FlashStore.Open(_directory, _options);
        await Assert.ThrowsAnyAsync<System.ComponentModel.Win32Exception>(
            () => store.CloneToAsync(new ProcessStartInfo("/nothing/of/this/name")));
        await Assert.ThrowsAsync<ArgumentException>(
            () => store.CloneToAsync(new ProcessStartInfo("true") { UseShellExecute = true }));
        Assert.Equal(0, store.GetStatistics().Clones);
        Assert.Equal(0, store.GetStatistics().SnapshotHeldBytes);
    }

    [Fact]
    public async Task A_clone_that_holds_too_much_is_given_up()
    {
        using FlashStore store = FlashStore.Open(_directory, _options);
        PutAll(store, 1_000, 'a');
        (ReaderProcess reader, StoreClone clone) = await ReaderProcess.CloneAsync(
            store, new CloneOptions { MaxHeldBytes = 200_000 });
        using (reader)
        {
            Assert.Equal("open", reader.ReadLine());
            PutAll(store, 1_000, 'b');
            store.Flush();
            store.Core.Cuts.EnforceLimits();
            Assert.Equal(CloneEnd.HeldTooMuch, await clone.Completion.WaitAsync(s_patience));
            Assert.Equal("HeldTooMuch", reader.Ask("ended"));
            Assert.Equal("ended HeldTooMuch", reader.Ask("contents"));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Readers_killed_at_seeded_moments_leave_nothing(int seed)
    {
        var random = new Random(seed);
        using FlashStore store = FlashStore.Open(_directory, _options);
        PutAll(store, 300, 'a');
        int clonesBefore = ClonesOfChunks(store);
        for (int i = 0; i < 4; i++)
        {
            (ReaderProcess reader, StoreClone clone) = await ReaderProcess.CloneAsync(store);
            using (reader)
            {
                // At its start; somewhere while it opens; when it is open; while it reads.
                int moment = random.Next(4);
                if (moment == 1)
                {
                    SpinWait.SpinUntil(() => clone.ReaderId != 0, s_patience);
                }
                else if (moment >= 2)
                {
                    Assert.Equal("open", reader.ReadLine());
                }

                if (moment == 3)
                {
                    reader.Tell("forever");
                    reader.ReadLine();
                }

                reader.Kill();
            }

            Assert.Equal(CloneEnd.ReaderEnded, await clone.Completion.WaitAsync(s_patience));
            PutAll(store, 300, 'b');
        }

        Assert.True(
            SpinWait.SpinUntil(() => ClonesOfChunks(store) == clonesBefore, s_patience),
            $"seed {seed}: the driver counts clones");
        Assert.Equal(0, store.GetStatistics().Clones);
        Assert.Equal(0, store.GetStatistics().SnapshotHeldBytes);
    }

    [Fact]
    public async Task A_reset_of_the_stores_adapter_is_not_felt()
    {
        using FlashStore store = FlashStore.Open(
            _directory, _options with { AllowClones = true });
        PutAll(store, 500, 'a');
        (ReaderProcess reader, StoreClone clone) = await ReaderProcess.CloneAsync(store);
        store.Embedded!.Adapter!.Reset();
        using (reader)
        using (clone)
        {
            Assert.Equal("open", reader.ReadLine());
            string contents = reader.Ask("contents");
            store.Embedded!.Adapter!.Reset();
            Assert.Equal(contents, reader.Ask("contents"));
            PutAll(store, 500, 'b');
            Assert.Equal(contents, reader.Ask("contents"));

            // The driver's contexts are not those of before.
            using ClonedStore second = FlashStore.OpenClone(_directory);
            Assert.Equal(new string('b', 500), Encoding.UTF8.GetString(second.Get("key7"u8)!));
            reader.End();
        }

        Assert.Equal(CloneEnd.ClosedByReader, await clone.Completion.WaitAsync(s_patience));
    }

    [Fact]
    public async Task A_process_of_another_user_is_refused()
    {
        Assert.SkipUnless(Environment.UserName == "root", "only root can become another user");
        Assert.SkipUnless(File.Exists("/usr/bin/setpriv"), "setpriv is not there");
        using FlashStore store = FlashStore.Open(_directory, _options);
        ProcessStartInfo reader = ReaderProcess.StartInfo();
        var start = new ProcessStartInfo(
            "/usr/bin/setpriv", ["--reuid=65534", "--clear-groups", reader.FileName])
        {
            RedirectStandardOutput = true,
        };
        using StoreClone clone = await store.CloneToAsync(start);
        string? line = await clone.Process.StandardOutput.ReadLineAsync().WaitAsync(s_patience);
        Assert.SkipWhen(line is null, "another user cannot run the reader");
        Assert.Equal("refused OtherUser", line);
        Assert.Equal(0, clone.ReaderId);
    }

    private static int ClonesOfChunks(FlashStore store)
    {
        AdapterDriver driver = store.Embedded!.Adapter!.Driver;
        return driver.ChunksOf(0)!.CloneCount;
    }

    private static void PutAll(FlashStore store, int keys, char value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(new string(value, 500));
        for (int key = 0; key < keys; key++)
        {
            store.Put(Encoding.UTF8.GetBytes($"key{key}"), bytes);
        }
    }
}
