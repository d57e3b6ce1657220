using System.IO.Hashing;
using FlashKV.SimBackend;
using FlashKV.Superpipe;
using FlashKV.Tests.Doubles;

namespace FlashKV.Tests.Snapshots;

/// <summary>Scans of segments that are loaded in pieces.</summary>
public sealed class SegmentLoaderTests : IDisposable
{
    private const int Keys = 200;

    private static readonly FlashStoreOptions s_oneShard = new()
    {
        Shards = 1,
        MemoryBudget = FlashStoreOptions.MinMemoryBudget,
        BackgroundThread = false,
    };

    private readonly string _directory =
        Directory.CreateTempSubdirectory("flashkv-loader-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(1, 512, 1 << 20)]
    [InlineData(2, 512, 1 << 20)]
    [InlineData(3, 512, 4 << 20)]
    [InlineData(4, 512, 256 << 10)]
    [InlineData(5, 8, 1 << 20)] // too few to begin anything
    [InlineData(6, 128, 1 << 20)] // enough to begin one piece
    public void Records_of_any_length_are_found_across_pieces(
        int seed, int commandBlocks, int segmentBytes)
    {
        var random = new Random(seed);
        FlashStoreOptions options = new()
        {
            Shards = 2,
            SegmentBytes = segmentBytes,
            MemoryBudget = Math.Max(
                FlashStoreOptions.MinMemoryBudget, 2 * 16L * segmentBytes),
            Durability = Durability.Buffered,
            Attachment = new AttachOptions { CommandBlocks = commandBlocks },
        };
        var model = new Dictionary<int, ulong>();
        using (FlashStore store = FlashStore.Open(_directory, options))
        {
            PutAll(store, random, model);
        }

        using (FlashStore store = FlashStore.Open(_directory, options))
        {
            Assert.Equal(model, Scan(store.Scan(), static _ => { }));

            // Twice: from the device, then with what was cached meanwhile; and beside writes.
            var before = new Dictionary<int, ulong>(model);
            using StoreSnapshot snapshot = store.CreateSnapshot();
            Assert.Equal(before, Scan(snapshot.Scan(), count =>
            {
                if (count % 20 == 0)
                {
                    Put(store, random.Next(Keys), random, model);
                }
            }));
            Assert.Equal(model, Scan(store.Scan(), static _ => { }));
        }
    }

    [Fact]
    public void A_snapshot_that_ends_waits_for_what_its_scan_has_under_way()
    {
        using LateMedium medium = new(4 * 65_536);
        using SimulatedAdapter adapter = new(medium);
        using SuperpipeDevice device =
            SuperpipeDevice.Open(adapter.Transport, adapter.DevicePaths[0]);
        var model = new Dictionary<int, ulong>();
        using (FlashStore store = FlashStore.Open(device, _directory, s_oneShard))
        {
            PutAll(store, new Random(7), model);
        }

        using FlashStore reopened = FlashStore.Open(device, _directory, s_oneShard);
        StoreSnapshot snapshot = reopened.CreateSnapshot();
        using StoreScan scan = snapshot.Scan();
        GoToTheDevice(scan, medium);

        snapshot.Dispose();

        Assert.Equal(0, medium.UnderWay);
        Assert.Throws<ObjectDisposedException>(() => scan.Count());
        Assert.Equal(model, Scan(reopened.Scan(), static _ => { }));
        using StoreScan left = reopened.Scan();
        GoToTheDevice(left, medium);
        left.Dispose();
        Assert.Equal(0, medium.UnderWay);
    }

    [Fact]
    public void Whoever_goes_on_after_a_failed_read_is_told_again()
    {
        // A piece of a segment in the only shard's chunk.
        const int FirstBad = 65_536 + (4 * 256) + 64;
        const int BadBlocks = 64;
        using MemoryMedium memory = new(4 * 65_536);
        using FaultyMedium medium = new(memory, seed: 1);
        using SimulatedAdapter adapter = new(medium);
        using SuperpipeDevice device =
            SuperpipeDevice.Open(adapter.Transport, adapter.DevicePaths[0]);
        var model = new Dictionary<int, ulong>();
        using FlashStore store = FlashStore.Open(device, _directory, s_oneShard);
        PutAll(store, new Random(8), model);
        store.Flush();
        for (int block = FirstBad; block < FirstBad + BadBlocks; block++)
        {
            medium.MarkBad(block);
        }

        var found = new Dictionary<int, ulong>();
        using StoreScan scan = store.Scan();
        for (int attempt = 0; attempt < 3; attempt++)
        {
            Assert.Throws<DeviceException>(() =>
            {
                while (scan.MoveNext())
                {
                    StoreEntry entry = scan.Current;
                    found.Add(
                        BitConverter.ToInt32(entry.Key), XxHash3.HashToUInt64(entry.Value));
                }
            });
        }

        Assert.InRange(found.Count, 1, Keys - 1);
        Assert.All(found, pair => Assert.Equal(model[pair.Key], pair.Value));
    }

    // The first segments may be in the cache.
    private static void GoToTheDevice(StoreScan scan, LateMedium medium)
    {
        while (medium.UnderWay == 0)
        {
            Assert.True(scan.MoveNext());
        }
    }

    private static void PutAll(FlashStore store, Random random, Dictionary<int, ulong> model)
    {
        for (int key = 0; key < Keys; key++)
        {
            Put(store, key, random, model);
        }
    }

    // Some fill most of a segment, some many in a piece.
    private static void Put(
        FlashStore store, int key, Random random, Dictionary<int, ulong> model)
    {
        int length = random.Next(4) switch
        {
            0 => random.Next(50),
            1 => random.Next(5_000),
            2 => random.Next(300_000),
            _ => random.Next(900_000),
        };
        byte[] value = new byte[Math.Min(length, store.MaxRecordLength - sizeof(int))];
        random.NextBytes(value);
        store.Put(BitConverter.GetBytes(key), value);
        model[key] = XxHash3.HashToUInt64(value);
    }

    private static Dictionary<int, ulong> Scan(StoreScan scan, Action<int> moved)
    {
        var found = new Dictionary<int, ulong>();
        foreach (StoreEntry entry in scan)
        {
            found.Add(BitConverter.ToInt32(entry.Key), XxHash3.HashToUInt64(entry.Value));
            moved(found.Count);
        }

        return found;
    }
}
