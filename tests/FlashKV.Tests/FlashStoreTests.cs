using System.Text;

namespace FlashKV.Tests;

/// <summary>The store through all its layers, on the embedded default.</summary>
public sealed class FlashStoreTests : IDisposable
{
    private readonly string _directory =
        Directory.CreateTempSubdirectory("flashkv-store-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(Durability.Durable)]
    [InlineData(Durability.Buffered)]
    public void Values_are_there_after_closing_and_opening(Durability durability)
    {
        using (FlashStore store = FlashStore.Open(_directory))
        {
            for (int i = 0; i < 300; i++)
            {
                store.Put(Key(i), Encoding.UTF8.GetBytes($"value {i}"), durability);
            }

            Assert.True(store.Delete(Key(7), durability));
            Assert.False(store.Contains(Key(7)));
        }

        using FlashStore reopened = FlashStore.Open(
            _directory, new FlashStoreOptions { OpenMode = OpenMode.OpenExisting });
        for (int i = 0; i < 300; i++)
        {
            byte[]? expected = i == 7 ? null : Encoding.UTF8.GetBytes($"value {i}");
            Assert.Equal(expected, reopened.Get(Key(i)));
        }

        Assert.Empty(reopened.OpenWarnings);
    }

    [Fact]
    public async Task Asynchronous_puts_complete_when_durable()
    {
        using FlashStore store = FlashStore.Open(_directory);
        CancellationToken cancellation = TestContext.Current.CancellationToken;

        await Task.WhenAll(Enumerable.Range(0, 200).Select(
            i => store.PutAsync(Key(i), Key(i), Durability.Durable, cancellation).AsTask()));
        await store.FlushAsync(cancellation);

        Assert.Equal(Key(123), store.Get(Key(123)));
    }

    [Theory]
    [InlineData(Durability.Durable)]
    [InlineData(Durability.Buffered)]
    public async Task A_batch_is_there_as_a_whole_after_closing_and_opening(Durability durability)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using (FlashStore store = FlashStore.Open(_directory))
        {
            store.Put(Key(0), Key(0));
            using WriteBatch batch = store.CreateBatch();
            for (int i = 1; i <= 100; i++)
            {
                batch.Put(Key(i), Key(i + 1));
            }

            batch.Delete(Key(0));
            Assert.Equal(101, batch.Count);
            await batch.CommitAsync(durability, cancellation);
            Assert.Equal(0, batch.Count);
            batch.Put(Key(50), Key(0));
            batch.Put(Key(51), Key(0));
            batch.Commit(durability);
            batch.Delete(Key(1));
            batch.Clear();
            batch.Commit();
            Assert.Equal(Key(2), store.Get(Key(1)));
            Assert.Null(store.Get(Key(0)));
        }

        using FlashStore reopened = FlashStore.Open(_directory);
        Assert.Null(reopened.Get(Key(0)));
        for (int i = 1; i <= 100; i++)
        {
            Assert.Equal(Key(i is 50 or 51 ? 0 : i + 1), reopened.Get(Key(i)));
        }
    }

    [Fact]
    public void A_batch_that_fails_is_as_it_was_until_it_is_written()
    {
        const int Seed = 5;
        using var memory = new SimBackend.MemoryMedium(3 * 65_536);
        using var medium = new SimBackend.FaultyMedium(memory, Seed);
        using var adapter = new SimBackend.SimulatedAdapter(medium);
        using var device = Superpipe.SuperpipeDevice.Open(
            adapter.Transport, adapter.DevicePaths[0]);
        FlashStore store = FlashStore.Open(
            device,
            _directory,
            new FlashStoreOptions
            {
                Shards = 1,
                SegmentBytes = 256 << 10,
                BackgroundThread = false,
            });
        store.Put(Key(9), Key(9));
        using (WriteBatch tooLarge = store.CreateBatch())
        {
            for (int i = 0; i < 6; i++)
            {
                tooLarge.Put(Key(i), new byte[100_000]);
            }

            Assert.Throws<ArgumentException>(tooLarge.Commit);
            Assert.Equal(6, tooLarge.Count);
        }

        using (WriteBatch batch = store.CreateBatch())
        {
            batch.Put(Key(1), Key(2));
            batch.Put(Key(2), Key(3));
            medium.WriteErrorRate = 1;

            // It is written, and only its flush fails.
            Assert.Throws<StoreFaultedException>(() => batch.Commit(Durability.Durable));
            Assert.Equal(0, batch.Count);
            Assert.Equal(Key(2), store.Get(Key(1)));

            batch.Put(Key(1), Key(3));
            Assert.Throws<StoreFaultedException>(() => batch.Commit(Durability.Buffered));
            Assert.Equal(1, batch.Count);
            Assert.Equal(Key(2), store.Get(Key(1)));
        }

        Assert.Throws<StoreFaultedException>(store.Dispose);
    }

    [Fact]
    public void What_a_batch_cannot_take_is_refused_when_it_is_added()
    {
        using FlashStore store = FlashStore.Open(_directory);
        using WriteBatch batch = store.CreateBatch();

        Assert.Throws<ArgumentException>(() => batch.Put([], Key(1)));
        Assert.Throws<ArgumentException>(() => batch.Delete(new byte[70_000]));
        Assert.Throws<ArgumentException>(
            () => batch.Put(Key(1), new byte[store.MaxRecordLength - Key(1).Length]));
        Assert.Equal(0, batch.Count);
        batch.Put(Key(1), new byte[store.MaxRecordLength - Key(1).Length - 8]);
        batch.Commit();
        batch.Dispose();
        Assert.Throws<ObjectDisposedException>(() => batch.Delete(Key(1)));
    }

    [Fact]
    public void Many_values_come_in_the_order_of_their_keys()
    {
        using FlashStore store = FlashStore.Open(_directory);
        for (int i = 0; i < 100; i++)
        {
            store.Put(Key(i), Key(i + 1), Durability.Buffered);
        }

        var results = new GetManyResult();
        ReadOnlyMemory<byte>[] keys = [Key(70), Key(500), Key(3), Key(70)];

        Assert.Equal(3, store.GetMany(keys, results));
        Assert.Equal(Key(71), results[0].ToArray());
        Assert.False(results.IsFound(1));
        Assert.Equal(Key(4), results[2].ToArray());
        Assert.Equal(Key(71), results[3].ToArray());
        Assert.Throws<ArgumentException>(
            () => store.GetMany([Key(1), ReadOnlyMemory<byte>.Empty], results));
    }

    [Fact]
    public async Task Compaction_verification_and_scan_agree_on_what_is_there()
    {
        const int Keys = 5_000;
        using FlashStore store = FlashStore.Open(_directory);
        byte[] value = new byte[1_000];
        for (int i = 0; i < 4 * Keys; i++)
        {
            store.Put(Key(i % Keys), value, Durability.Buffered);
        }

        for (int i = 0; i < Keys; i += 2)
        {
            Assert.True(store.Delete(Key(i), Durability.Buffered));
        }

        await store.FlushAsync(TestContext.Current.CancellationToken);
        await store.CompactAsync(TestContext.Current.CancellationToken);

        VerifyReport report = store.Verify(
            cancellationToken: TestContext.Current.CancellationToken);
        Assert.Empty(report.Problems);
        Assert.Equal(Keys / 2, report.Keys);
        FlashStoreStatistics statistics = store.GetStatistics();
        Assert.Equal(Keys / 2, statistics.Keys);
        Assert.Equal(Keys / 2, store.Scan().Count());
        Assert.True(statistics.CompactedSegments > 0);
    }

    [Fact]
    public void Verification_names_the_block_that_is_damaged()
    {
        byte[] value = new byte[1_000];
        using (FlashStore store = FlashStore.Open(
            _directory, new FlashStoreOptions { Shards = 1 }))
        {
            for (int i = 0; i < 5_000; i++)
            {
                store.Put(Key(i), value, Durability.Buffered);
            }
        }

        // The second slot of the shard's first chunk, which lies behind the superblock's.
        DamageDevice(65_536 + 256 + 7);
        using FlashStore reopened = FlashStore.Open(_directory);

        VerifyProblem problem = Assert.Single(
            reopened.Verify(cancellationToken: TestContext.Current.CancellationToken).Problems,
            problem => problem.Message.Contains("checksum", StringComparison.Ordinal));

        Assert.InRange(problem.Lba, 256 + 6, 256 + 7);
    }

    [Fact]
    public void A_second_opener_is_told_who_has_the_store()
    {
        using FlashStore store = FlashStore.Open(_directory);

        StoreLockedException locked =
            Assert.Throws<StoreLockedException>(() => FlashStore.Open(_directory));

        Assert.Equal(Environment.ProcessId, locked.ProcessId);
    }

    [Fact]
    public void Keys_and_values_out_of_range_are_refused_by_name()
    {
        using FlashStore store = FlashStore.Open(_directory);

        Assert.Equal("key", Assert.Throws<ArgumentException>(() => store.Put([], [1])).ParamName);
        Assert.Equal(
            "key",
            Assert.Throws<ArgumentException>(() => store.Get(new byte[65_536])).ParamName);
        Assert.Equal(
            "value",
            Assert.Throws<ArgumentException>(
                () => store.Put([1], new byte[store.MaxRecordLength])).ParamName);
        store.Put([1], new byte[store.MaxRecordLength - 1], Durability.Buffered);
        Assert.Equal(store.MaxRecordLength - 1, store.Get([1], []));
    }

    [Theory]
    [InlineData(256 << 10)]
    [InlineData(1 << 20)]
    [InlineData(16 << 20)]
    public void The_largest_record_has_8_308_bytes_less_than_a_segment(int segmentBytes)
    {
        var options = new FlashStoreOptions { Shards = 1, SegmentBytes = segmentBytes };
        byte[] largest = new byte[segmentBytes - 8_308 - 1];
        new Random(segmentBytes).NextBytes(largest);
        using (FlashStore store = FlashStore.Open(_directory, options))
        {
            Assert.Equal(segmentBytes - 8_308, store.MaxRecordLength);
            Assert.Contains(
                $"{largest.Length} bytes",
                Assert.Throws<ArgumentException>(
                    () => store.Put([1], new byte[largest.Length + 1])).Message);
            Assert.Null(store.Get([1]));
            store.Put([1], largest);
            store.Put([2], largest, Durability.Buffered);
            using WriteBatch batch = store.CreateBatch();
            Assert.Throws<ArgumentException>(() => batch.Put([3], largest.AsSpan(7)));
            batch.Put([3], largest.AsSpan(8));
            batch.Commit();
        }

        using FlashStore reopened = FlashStore.Open(_directory, options);
        Assert.Equal(largest, reopened.Get([1]));
        Assert.Equal(largest, reopened.Get([2]));
        Assert.Equal(largest[8..], reopened.Get([3]));
    }

    // Whatever kept the lock from being taken was called "open in another process": a full disk, a
    // read-only one, a file that is not one.
    [Fact]
    public void A_lock_that_cannot_be_made_is_not_called_somebody_elses()
    {
        Directory.CreateDirectory(Path.Combine(_directory, "LOCK"));

        FlashStoreException refused =
            Assert.ThrowsAny<FlashStoreException>(() => FlashStore.Open(_directory));

        Assert.IsNotType<StoreLockedException>(refused);
        Assert.Contains(_directory, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_with_other_things_in_it_is_left_alone()
    {
        File.WriteAllText(Path.Combine(_directory, "notes.txt"), "mine");

        Assert.Throws<NotAStoreException>(() => FlashStore.Open(_directory));

        Assert.Equal(
            ["notes.txt"], Directory.GetFileSystemEntries(_directory).Select(Path.GetFileName));
    }

    [Fact]
    public void A_store_of_another_version_is_refused()
    {
        FlashStore.Open(_directory).Dispose();
        File.WriteAllText(Path.Combine(_directory, "STORE"), "FlashKV store, format 9\n");

        StoreVersionException other =
            Assert.Throws<StoreVersionException>(() => FlashStore.Open(_directory));

        Assert.Equal(9, other.FoundVersion);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(80)]
    public void One_damaged_superblock_is_reported_and_put_right(int block)
    {
        using (FlashStore store = FlashStore.Open(_directory))
        {
            store.Put(Key(1), Key(2));
        }

        DamageDevice(block);
        using (FlashStore store = FlashStore.Open(_directory))
        {
            Assert.Equal(Key(2), store.Get(Key(1)));
            Assert.Contains($"block {block}", Assert.Single(store.OpenWarnings));
        }

        using FlashStore again = FlashStore.Open(_directory);
        Assert.Empty(again.OpenWarnings);
    }

    [Fact]
    public void Two_damaged_superblocks_are_refused()
    {
        FlashStore.Open(_directory).Dispose();
        DamageDevice(16);
        DamageDevice(80);

        CorruptStoreException corrupt =
            Assert.Throws<CorruptStoreException>(() => FlashStore.Open(_directory));

        Assert.Equal("superblock", corrupt.Field);
    }

    [Fact]
    public void Opening_what_is_not_there_makes_nothing()
    {
        string missing = Path.Combine(_directory, "missing");

        Assert.Throws<NotAStoreException>(() => FlashStore.Open(
            missing, new FlashStoreOptions { OpenMode = OpenMode.OpenExisting }));

        Assert.False(Directory.Exists(missing));
    }

    [Fact]
    public void Resets_of_the_adapter_in_mid_load_go_unnoticed()
    {
        using var medium = new SimBackend.MemoryMedium(8 * 65_536);
        using var adapter = new SimBackend.SimulatedAdapter(medium);
        using var device = Superpipe.SuperpipeDevice.Open(
            adapter.Transport, adapter.DevicePaths[0]);
        var options = new FlashStoreOptions { Shards = 2 };
        byte[] value = new byte[500];
        using (FlashStore store = FlashStore.Open(device, _directory, options))
        {
            for (int i = 0; i < 20_000; i++)
            {
                store.Put(Key(i % 3_000), value, Durability.Buffered);
                if (i % 2_000 == 1_000)
                {
                    adapter.Reset();
                    store.Flush();
                }
            }

            for (int i = 0; i < 3_000; i++)
            {
                Assert.Equal(500, store.Get(Key(i), []));
            }
        }

        using FlashStore reopened = FlashStore.Open(device, _directory, options);
        Assert.Equal(3_000, reopened.GetStatistics().Keys);
    }

    [Fact]
    public void Opening_tells_how_far_it_has_come()
    {
        var options = new FlashStoreOptions { Shards = 2, SegmentBytes = 256 << 10 };
        using (FlashStore store = FlashStore.Open(_directory, options))
        {
            for (int i = 0; i < 2_000; i++)
            {
                store.Put(Key(i), new byte[1_000], Durability.Buffered);
            }
        }

        var told = new List<OpenProgress>();
        using FlashStore reopened = FlashStore.Open(
            _directory, options with { OpenProgress = new ToList(told) });

        Assert.True(told.Count > 4);
        Assert.Equal(Enumerable.Range(1, told.Count), told.Select(static p => (int)p.SegmentsDone));
        Assert.Equal(new OpenProgress(told.Count, told.Count, 2_000), told[^1]);
    }

    private static byte[] Key(int number) => Encoding.UTF8.GetBytes($"key:{number}");

    private void DamageDevice(int block)
    {
        using FileStream file = File.Open(
            Path.Combine(_directory, "device.flash"), FileMode.Open, FileAccess.ReadWrite);
        file.Position = (block * 4096L) + 40;
        int value = file.ReadByte();
        file.Position--;
        file.WriteByte((byte)(value ^ 1));
    }

    // Progress<T> tells from another thread, later.
    private sealed class ToList(List<OpenProgress> told) : IProgress<OpenProgress>
    {
        public void Report(OpenProgress value) => told.Add(value);
    }
}
