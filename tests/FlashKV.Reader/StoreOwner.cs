using System.Text;

namespace FlashKV.Reader;

/// <summary>
/// A process that has a store open, with clones allowed, for tests to kill: it fills the store,
/// says that it is open, and overwrites it with ever other values until it ends.
/// </summary>
internal static class StoreOwner
{
    private const int Keys = 2_000;

    internal static int Run(string directory)
    {
        using FlashStore store = FlashStore.Open(directory, new FlashStoreOptions
        {
            Shards = 2,
            SegmentBytes = 256 << 10,
            MemoryBudget = FlashStoreOptions.MinMemoryBudget,
            Durability = Durability.Buffered,
            SpaceAmplification = 1.1,
            AllowClones = true,
        });
        Put(store, 0);
        Console.WriteLine("open");
        using var stop = new CancellationTokenSource();
        Task writing = Task.Run(() =>
        {
            for (int round = 1; !stop.IsCancellationRequested; round++)
            {
                Put(store, round);
            }
        });
        while (Console.ReadLine() is { } line)
        {
            Console.WriteLine(line == "clones" ? $"{store.GetStatistics().Clones}" : "unknown");
        }

        stop.Cancel();
        writing.Wait();
        return 0;
    }

    private static void Put(FlashStore store, int round)
    {
        // Two batches of a round: no clone may have a part of one.
        for (int half = 0; half < 2; half++)
        {
            byte[] value = Encoding.UTF8.GetBytes($"{round} {new string('x', 100)}");
            using WriteBatch batch = store.CreateBatch();
            for (int i = half; i < Keys; i += 2)
            {
                batch.Put(Encoding.UTF8.GetBytes($"key{half}-{i}"), value);
            }

            batch.Commit();
        }
    }
}
