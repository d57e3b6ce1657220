using System.Text;
using FlashKV.Index;
using FlashKV.Memory;

namespace FlashKV.Tests.Snapshots;

/// <summary>Snapshots of a store on the embedded default.</summary>
public sealed class SnapshotTests : IDisposable
{
    private static readonly FlashStoreOptions s_options = new()
    {
        Shards = 4,
        SegmentBytes = 256 << 10,
        MemoryBudget = FlashStoreOptions.MinMemoryBudget,
        Durability = Durability.Buffered,
        SpaceAmplification = 1.1,
    };

    private readonly string _directory =
        Directory.CreateTempSubdirectory("flashkv-snapshots-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_snapshot_keeps_what_is_replaced_deleted_and_added()
    {
        using FlashStore store = FlashStore.Open(_directory, s_options);
        store.Put("kept"u8, "1"u8);
        store.Put("replaced"u8, "2"u8);
        store.Put("deleted"u8, "3"u8);
        using StoreSnapshot snapshot = store.CreateSnapshot();

        for (int i = 0; i < 3; i++)
        {
            store.Put("replaced"u8, "later"u8);
        }

        store.Delete("deleted"u8);
        store.Put("added"u8, "4"u8);

        Assert.Equal("1", Text(snapshot, "kept"));
        Assert.Equal("2", Text(snapshot, "replaced"));
        Assert.Equal("3", Text(snapshot, "deleted"));
        Assert.Null(Text(snapshot, "added"));
        Assert.True(snapshot.Contains("deleted"u8));
        Assert.False(snapshot.Contains("added"u8));
        Assert.Equal("later", Text(store, "replaced"));
        Assert.Equal(
            ["deleted=3", "kept=1", "replaced=2"],
            Entries(snapshot.Scan()).Select(static e => $"{e.Key}={e.Value}").Order());
        Span<byte> start = stackalloc byte[1];
        Assert.Equal(1, snapshot.Get("replaced"u8, start));
        Assert.Equal("2"u8, start);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Snapshots_of_ten_moments_are_each_what_the_store_was(int seed)
    {
        var random = new Random(seed);
        var model = new Dictionary<string, string>();
        var taken = new List<(StoreSnapshot Snapshot, Dictionary<string, string> Model)>();
        using FlashStore store = FlashStore.Open(_directory, s_options);
        for (int moment = 0; moment < 10; moment++)
        {
            Change(store, model, random);
            taken.Add((store.CreateSnapshot(), new Dictionary<string, string>(model)));
            if (random.Next(3) == 0)
            {
                Compact(store);
            }
        }

        Change(store, model, random);
        Compact(store);
        while (taken.Count != 0)
        {
            foreach ((StoreSnapshot snapshot, Dictionary<string, string> then) in taken)
            {
                Compare(snapshot, then, seed);
            }

            int ended = random.Next(taken.Count);
            taken[ended].Snapshot.Dispose();
            taken.RemoveAt(ended);
            Compact(store);
            Change(store, model, random);
        }

        Assert.Equal(model.OrderBy(static e => e.Key), Entries(store.Scan()).OrderBy(e => e.Key));
        FlashStoreStatistics after = store.GetStatistics();
        Assert.Equal(0, after.Snapshots);
        Assert.Equal(0, after.SnapshotHeldBytes);
        Assert.Equal(0, after.SnapshotMemoryBytes);
        Assert.True(store.Verify().IsWhole);
    }

    [Fact]
    public void What_a_snapshot_holds_comes_back_when_it_ends()
    {
        using FlashStore store = FlashStore.Open(_directory, s_options);
        byte[] value = new byte[1_000];
        PutAll(store, value, 2_000);
        StoreSnapshot snapshot = store.CreateSnapshot();
        for (int round = 0; round < 4; round++)
        {
            PutAll(store, value, 2_000);
        }

        Compact(store);
        FlashStoreStatistics held = store.GetStatistics();
        long dead = snapshot.HeldBytes;
        snapshot.Dispose();
        Compact(store);
        FlashStoreStatistics after = store.GetStatistics();

        Assert.True(dead > 2_000 * 1_000, $"{dead} bytes were held");
        Assert.Equal(dead, held.SnapshotHeldBytes);
        Assert.True(held.SnapshotMemoryBytes > 2_000 * 16);
        Assert.Equal(1, held.Snapshots);
        Assert.True(
            after.LogBytes <= held.LogBytes - (dead / 2),
            $"{held.LogBytes} bytes of log with the snapshot, {after.LogBytes} without");
    }

    [Fact]
    public void Many_keys_are_read_at_once_and_shards_one_by_one()
    {
        using FlashStore store = FlashStore.Open(_directory, s_options);
        PutAll(store, [1], 300);
        using StoreSnapshot snapshot = store.CreateSnapshot();
        PutAll(store, [2], 400);
        ReadOnlyMemory<byte>[] keys =
            [.. Enumerable.Range(0, 400).Select(i => (ReadOnlyMemory<byte>)Key(i))];
        var results = new GetManyResult();

        Assert.Equal(300, snapshot.GetMany(keys, results));
        Assert.Equal([1], results[299].ToArray());
        Assert.False(results.IsFound(300));
        Assert.Equal(
            300,
            Enumerable.Range(0, snapshot.ShardCount).Sum(shard => snapshot.Scan(shard).Count()));
        Assert.Equal(400, store.GetMany(keys, results));
        Assert.Equal([2], results[0].ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => snapshot.Scan(4));
        Assert.Throws<ArgumentOutOfRangeException>(() => snapshot.GetSequence(-1));
        Assert.Throws<ArgumentException>(() => snapshot.Get([]));
    }

    [Fact]
    public void A_scan_that_has_let_a_shard_go_is_not_given_up()
    {
        using FlashStore store = FlashStore.Open(_directory, s_options);
        PutAll(store, [1], 500);
        using StoreScan scan = store.Scan();
        PutAll(store, [2], 500);

        int seen = 0;
        while (scan.MoveNext())
        {
            Assert.Equal(1, scan.Current.Value[0]);
            store.Core.Cuts.EnforceLimits();
            seen++;
        }

        Assert.Equal(500, seen);
    }

    [Fact]
    public void A_snapshot_whose_time_is_over_lets_go_and_says_so()
    {
        var time = new ManualTime();
        using FlashStore store = FlashStore.Open(
            _directory, s_options with { TimeProvider = time });
        store.Put("key"u8, "1"u8);
        var limited = new SnapshotOptions { TimeToLive = TimeSpan.FromMinutes(1) };
        using StoreSnapshot snapshot = store.CreateSnapshot(limited);
        using StoreScan scan = snapshot.Scan();
        store.Put("key"u8, "2"u8);
        Assert.Equal("1", Text(snapshot, "key"));

        time.Fire();

        Assert.True(snapshot.IsExpired);
        Assert.Throws<SnapshotExpiredException>(() => snapshot.Get("key"u8));
        Assert.Throws<SnapshotExpiredException>(() => scan.MoveNext());
        Assert.Equal(0, snapshot.HeldBytes);
        Assert.Equal(0, store.GetStatistics().Snapshots);
    }

    [Fact]
    public void A_snapshot_that_holds_too_much_is_given_up()
    {
        using FlashStore store = FlashStore.Open(_directory, s_options);
        byte[] value = new byte[1_000];
        PutAll(store, value, 1_000);
        using StoreSnapshot snapshot = store.CreateSnapshot(
            new SnapshotOptions { MaxHeldBytes = 200_000 });
        PutAll(store, value, 1_000);
        store.Flush();
        store.Core.Cuts.EnforceLimits();

        Assert.True(snapshot.IsExpired);
        SnapshotExpiredException failure =
            Assert.Throws<SnapshotExpiredException>(() => snapshot.Get(Key(1)));
        Assert.Contains("dead bytes", failure.Message, StringComparison.Ordinal);
    }

    // What segments had never filled counted as held, so that a limit ended a snapshot at once.
    [Fact]
    public void Room_that_no_record_ever_took_is_not_held()
    {
        using FlashStore store = FlashStore.Open(_directory, s_options);
        PutAll(store, [1], 100);
        store.Flush();
        using StoreSnapshot snapshot = store.CreateSnapshot(
            new SnapshotOptions { MaxHeldBytes = 0 });
        store.Core.Cuts.EnforceLimits();

        Assert.False(snapshot.IsExpired);
        Assert.Equal(0, snapshot.HeldBytes);
        Assert.Equal(0, store.GetStatistics().SnapshotHeldBytes);
    }

    [Fact]
    public void Without_memory_for_it_a_snapshot_is_given_up_and_writers_go_on()
    {
        using FlashStore store = FlashStore.Open(_directory, s_options);
        PutAll(store, [1], 100);
        using StoreSnapshot snapshot = store.CreateSnapshot();
        UnmanagedMemory memory = store.Core.Context.Memory;
        long taken = memory.AvailableBytes;
        Assert.True(memory.TryReserve(MemoryCategory.Snapshots, taken));

        // As a writer does that replaces records of the snapshot.
        for (ulong hash = 0; !snapshot.Cut.Shards[0].IsLost; hash++)
        {
            snapshot.Cut.Shards[0].Note(hash, IndexEntry.Create(8, 0), sequence: 0);
        }

        memory.Release(MemoryCategory.Snapshots, taken);
        PutAll(store, [2], 100);
        store.Core.Cuts.EnforceLimits();

        Assert.True(snapshot.IsExpired);
        Assert.Throws<SnapshotExpiredException>(() => snapshot.Scan().Count());
        Assert.Equal([2], store.Get(Key(7)));
        Assert.Equal(100, store.Scan().Count());
        Assert.Equal(0, store.GetStatistics().SnapshotMemoryBytes);
    }

    [Fact]
    public void After_its_end_or_the_store_s_a_snapshot_is_not_read()
    {
        FlashStore store = FlashStore.Open(_directory, s_options);
        store.Put("key"u8, "1"u8);
        StoreSnapshot disposed = store.CreateSnapshot();
        StoreSnapshot left = store.CreateSnapshot();
        disposed.Dispose();
        disposed.Dispose();
        Assert.Throws<ObjectDisposedException>(() => disposed.Get("key"u8));
        Assert.Equal("1", Text(left, "key"));

        store.Dispose();

        Assert.Throws<ObjectDisposedException>(() => left.Get("key"u8));
        left.Dispose();
        Assert.Throws<ObjectDisposedException>(() => store.CreateSnapshot());
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(-5, 0)]
    [InlineData(60, -1)]
    public void Options_out_of_range_are_refused(int seconds, long heldBytes)
    {
        using FlashStore store = FlashStore.Open(_directory, s_options);

        Assert.Throws<ArgumentOutOfRangeException>(() => store.CreateSnapshot(new SnapshotOptions
        {
            TimeToLive = TimeSpan.FromSeconds(seconds),
            MaxHeldBytes = heldBytes,
        }));
    }

    private static byte[] Key(int number) => Encoding.ASCII.GetBytes($"key {number}");

    private static string? Text(StoreSnapshot snapshot, string key) =>
        Text(snapshot.Get(Encoding.ASCII.GetBytes(key)));

    private static string? Text(FlashStore store, string key) =>
        Text(store.Get(Encoding.ASCII.GetBytes(key)));

    private static string? Text(byte[]? value) =>
        value is null ? null : Encoding.ASCII.GetString(value);

    private static void PutAll(FlashStore store, byte[] value, int keys)
    {
        for (int key = 0; key < keys; key++)
        {
            store.Put(Key(key), value);
        }
    }

    private static void Compact(FlashStore store) =>
        store.CompactAsync(TestContext.Current.CancellationToken)
            .AsTask().GetAwaiter().GetResult();

    private static void Change(FlashStore store, Dictionary<string, string> model, Random random)
    {
        for (int i = 0; i < 600; i++)
        {
            string key = $"key {random.Next(200)}";
            byte[] name = Encoding.ASCII.GetBytes(key);
            if (random.Next(5) == 0)
            {
                Assert.Equal(model.Remove(key), store.Delete(name));
                continue;
            }

            string value = new('v', random.Next(10, 900));
            value = $"{random.Next()} {value}";
            store.Put(name, Encoding.ASCII.GetBytes(value));
            model[key] = value;
        }
    }

    private static void Compare(
        StoreSnapshot snapshot, Dictionary<string, string> model, int seed)
    {
        Assert.Equal(
            model.OrderBy(static e => e.Key),
            Entries(snapshot.Scan()).OrderBy(static e => e.Key));
        for (int i = 0; i < 200; i++)
        {
            string key = $"key {i}";
            byte[]? found = snapshot.Get(Encoding.ASCII.GetBytes(key));
            Assert.True(
                model.GetValueOrDefault(key)
                    == (found is null ? null : Encoding.ASCII.GetString(found)),
                $"Seed {seed}: {key} is not what it was.");
        }
    }

    private static List<KeyValuePair<string, string>> Entries(StoreScan scan)
    {
        List<KeyValuePair<string, string>> entries = [];
        using (scan)
        {
            foreach (StoreEntry entry in scan)
            {
                entries.Add(new(
                    Encoding.ASCII.GetString(entry.Key), Encoding.ASCII.GetString(entry.Value)));
            }
        }

        return entries;
    }

    /// <summary>A clock whose timers fire when the test says so.</summary>
    private sealed class ManualTime : TimeProvider
    {
        private Action? _due;

        public void Fire() => _due?.Invoke();

        public override ITimer CreateTimer(
            TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _due = () => callback(state);
            return new NoTimer();
        }

        private sealed class NoTimer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
                // It fires by hand.
            }

            public ValueTask DisposeAsync() => default;
        }
    }
}
