using System.Text;

namespace FlashKV.Tests;

/// <summary>
/// What the operations allocate on the managed heap once the store is warm: nothing. Run alone,
/// since one test counts what all threads of the process allocate.
/// </summary>
[Collection(Alone)]
public sealed class AllocationTests : IDisposable
{
    public const string Alone = "Alone in the process";

    // The table of a segment's records doubles as it fills; with these it does not while counting.
    private const int Keys = 256;
    private const int RoundsBefore = 4;
    private const int Rounds = 2;

    private static readonly byte[][] s_keys =
        [.. Enumerable.Range(0, Keys).Select(i => Encoding.ASCII.GetBytes($"key {i}"))];

    private readonly string _directory =
        Directory.CreateTempSubdirectory("flashkv-alloc-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("put buffered")]
    [InlineData("put durable")]
    [InlineData("get")]
    [InlineData("lease")]
    [InlineData("get many")]
    [InlineData("contains")]
    [InlineData("delete and put")]
    public void A_call_allocates_nothing(string operation)
    {
        // No segment is full before the test ends: opening one makes an object.
        using FlashStore store = FlashStore.Open(
            _directory, new FlashStoreOptions { Shards = 1, SegmentBytes = 16 << 20 });
        Action<FlashStore> run = Operation(operation);
        for (int i = 0; i < Keys; i++)
        {
            store.Put(s_keys[i], s_keys[i], Durability.Buffered);
        }

        for (int i = 0; i < RoundsBefore; i++)
        {
            run(store);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Rounds; i++)
        {
            run(store);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    // All threads together, segments opened, sealed, compacted and used again. A staging slot that
    // is used for the first time makes its table of records, whenever that is; so the least of
    // some rounds.
    [Fact]
    public void Many_puts_leave_next_to_nothing_to_collect()
    {
        const int Puts = 300_000;
        const int MostRounds = 4;
        using FlashStore store = FlashStore.Open(_directory, new FlashStoreOptions { Shards = 1 });
        byte[] value = new byte[100];
        PutRounds(store, value, Puts);

        long allocated = long.MaxValue;
        for (int i = 0; i < MostRounds && allocated >= Puts / 2; i++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            PutRounds(store, value, Puts);
            allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        }

        Assert.True(allocated < Puts / 2, $"{(double)allocated / Puts} bytes a put");
    }

    private static void PutRounds(FlashStore store, byte[] value, int puts)
    {
        for (int i = 0; i < puts; i++)
        {
            store.Put(s_keys[i % Keys], value, Durability.Buffered);
        }
    }

    private static Action<FlashStore> Operation(string name)
    {
        byte[] value = new byte[100];
        var results = new GetManyResult();
        ReadOnlyMemory<byte>[] keys = [.. s_keys.Select(key => (ReadOnlyMemory<byte>)key)];
        return name switch
        {
            "put buffered" => OnEach((store, key) => store.Put(key, value, Durability.Buffered)),
            "put durable" => OnEach((store, key) => store.Put(key, value, Durability.Durable)),
            "get" => OnEach((store, key) => store.Get(key, value)),
            "lease" => OnEach(static (store, key) =>
            {
                if (store.TryGet(key, out ValueLease lease))
                {
                    lease.Dispose();
                }
            }),
            "get many" => store => store.GetMany(keys, results),
            "contains" => OnEach(static (store, key) => store.Contains(key)),
            "delete and put" => OnEach((store, key) =>
            {
                store.Delete(key, Durability.Buffered);
                store.Put(key, value, Durability.Buffered);
            }),
            _ => throw new ArgumentOutOfRangeException(nameof(name), name, null),
        };
    }

    private static Action<FlashStore> OnEach(Action<FlashStore, byte[]> action) => store =>
    {
        foreach (byte[] key in s_keys)
        {
            action(store, key);
        }
    };
}

/// <summary>Tests that run while no other does.</summary>
[CollectionDefinition(AllocationTests.Alone, DisableParallelization = true)]
public sealed class AloneCollection;
