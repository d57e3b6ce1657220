using System.Buffers.Binary;
using System.Text;
using FlashKV.Simulation.Model;

namespace FlashKV.Simulation.Concurrency;

/// <summary>
/// Threads that commit batches and put keys in a fixed order while snapshots are taken, read at
/// some age, and compared: a batch must be whole, a later put must not be there without an earlier
/// one, and what a snapshot says must stay what it was. Compaction runs beside.
/// </summary>
internal sealed class SnapshotRun : IDisposable
{
    private const int Keys = 6;
    private const int MostOpen = 4;
    private const int FillerBytes = 2_000;

    private readonly SharedStore _shared = new();
    private readonly CancellationTokenSource _done = new();
    private readonly Queue<(StoreSnapshot Snapshot, long[] Then)> _snapshots = new();

    /// <summary>Takes snapshots and compares them.</summary>
    /// <param name="snapshots">How many.</param>
    /// <exception cref="ModelException">A snapshot was not the store of one moment.</exception>
    public static void Run(int snapshots)
    {
        using var run = new SnapshotRun();
        run.RunCore(snapshots);
    }

    public void Dispose()
    {
        _shared.Dispose();
        _done.Dispose();
    }

    private static byte[] Name(string kind, int key) => Encoding.ASCII.GetBytes($"{kind} {key}");

    private static byte[] Value(long number)
    {
        byte[] value = new byte[sizeof(long) + (number % 300)];
        BinaryPrimitives.WriteInt64LittleEndian(value, number);
        return value;
    }

    private static long[] Read(StoreSnapshot snapshot) =>
        [.. Read(snapshot, "batch"), .. Read(snapshot, "single")];

    private static IEnumerable<long> Read(StoreSnapshot snapshot, string kind) =>
        Enumerable.Range(0, Keys).Select(key => snapshot.Get(Name(kind, key)) is { } value
            ? BinaryPrimitives.ReadInt64LittleEndian(value)
            : 0);

    private static void Require(bool holds, string problem, long[] found)
    {
        if (!holds)
        {
            throw new ModelException($"{problem}: {string.Join(", ", found)}.");
        }
    }

    private void RunCore(int snapshots)
    {
        Task writers = Task.WhenAll(
            Start(WriteBatch), Start(WriteInOrder), Start(Fill), Start(Compact));
        try
        {
            for (int i = 0; i < snapshots && !writers.IsCompleted; i++)
            {
                TakeOne();
            }

            while (_snapshots.Count != 0)
            {
                CompareOldest();
            }
        }
        finally
        {
            _done.Cancel();
            _shared.AwaitEnd(writers, "A writer beside snapshots");
        }

        writers.GetAwaiter().GetResult();
    }

    private Task Start(Action<long> step) => SharedStore.Start(() =>
    {
        for (long number = 1; !_done.IsCancellationRequested; number++)
        {
            step(number);
        }
    });

    private void WriteBatch(long number)
    {
        using WriteBatch batch = _shared.Store.CreateBatch();
        for (int key = 0; key < Keys; key++)
        {
            batch.Put(Name("batch", key), Value(number));
        }

        batch.Commit(Durability.Buffered);
    }

    private void WriteInOrder(long number)
    {
        for (int key = 0; key < Keys; key++)
        {
            _shared.Store.Put(Name("single", key), Value(number), Durability.Buffered);
        }
    }

    private void Fill(long number) =>
        _shared.Store.Put(
            Name("filler", (int)(number % 500)), new byte[FillerBytes], Durability.Buffered);

    private void Compact(long number) =>
        _shared.Store.CompactAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();

    private void TakeOne()
    {
        StoreSnapshot snapshot = _shared.Store.CreateSnapshot();
        long[] found = Read(snapshot);
        _snapshots.Enqueue((snapshot, found));
        Require(
            found.AsSpan(0, Keys).IndexOfAnyExcept(found[0]) < 0, "A batch is in parts", found);
        long[] ordered = found[Keys..];
        Require(
            ordered.OrderDescending().SequenceEqual(ordered) && ordered[0] - ordered[^1] <= 1,
            "A put is there without an earlier one",
            ordered);
        if (_snapshots.Count > MostOpen)
        {
            CompareOldest();
        }
    }

    private void CompareOldest()
    {
        (StoreSnapshot snapshot, long[] then) = _snapshots.Dequeue();
        using (snapshot)
        {
            long[] now = Read(snapshot);
            Require(now.SequenceEqual(then), "A snapshot is not what it was", now);
            var scanned = new Dictionary<string, long>();
            using StoreScan scan = snapshot.Scan();
            foreach (StoreEntry entry in scan)
            {
                scanned.Add(
                    Encoding.ASCII.GetString(entry.Key),
                    BinaryPrimitives.ReadInt64LittleEndian(entry.Value));
            }

            long[] found = [.. new[] { "batch", "single" }.SelectMany(kind =>
                Enumerable.Range(0, Keys).Select(
                    key => scanned.GetValueOrDefault($"{kind} {key}")))];
            Require(found.SequenceEqual(then), "A scan is not what gets have found", found);
        }
    }
}
