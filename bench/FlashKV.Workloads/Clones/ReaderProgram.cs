using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using FlashKV.SimBackend;

namespace FlashKV.Workloads.Clones;

/// <summary>
/// The other process: scans the clone that it was started for, by one thread or by several that
/// share its shards, or reads a file from its beginning to its end, once and then again and again
/// until its input ends. It says "first" after the first record or block, then the bytes and seconds
/// of the first round, then those of all that followed.
/// </summary>
internal static class ReaderProgram
{
    public const string Verb = "clone-reader";

    private const int ChunkBlocks = 256;
    private const int LookEvery = 1024;

    public static int Run(string[] arguments)
    {
        Func<Func<bool>, long> read = arguments is [string path, string rate]
            ? OfFile(path, double.Parse(rate, CultureInfo.InvariantCulture))
            : OfClone(arguments is [string threads]
                ? int.Parse(threads, CultureInfo.InvariantCulture) : 1);
        long start = Stopwatch.GetTimestamp();
        long bytes = read(static () => false);
        Say(bytes, Stopwatch.GetElapsedTime(start));
        if (Console.ReadLine() is null)
        {
            return 0;
        }

        using var stop = new ManualResetEventSlim();
        Task input = Task.Run(() =>
        {
            Console.ReadLine();
            stop.Set();
        });
        start = Stopwatch.GetTimestamp();
        bytes = 0;
        while (!stop.IsSet)
        {
            bytes += read(() => stop.IsSet);
        }

        Say(bytes, Stopwatch.GetElapsedTime(start));
        input.Wait();
        return 0;
    }

    private static void Say(long bytes, TimeSpan time) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"{bytes} {time.TotalSeconds}"));

    // The bytes of the segments that were passed: a scan reads them all, whatever they hold.
    private static Func<Func<bool>, long> OfClone(int threads)
    {
        ClonedStore clone = FlashStore.OpenClone(
            new ClonedStoreOptions { MemoryBudget = 512L << 20 });
        using (StoreScan scan = clone.Scan())
        {
            scan.MoveNext();
        }

        Console.WriteLine("first");
        FlashStoreStatistics all = clone.GetStatistics();
        return isOver =>
        {
            long records = threads == 1
                ? Count(clone.Scan(), isOver)
                : CountByShards(clone, threads, isOver);
            return all.Keys == 0 ? 0 : (long)((double)all.LogBytes * records / all.Keys);
        };
    }

    private static long Count(StoreScan scan, Func<bool> isOver)
    {
        long records = 0;
        foreach (StoreEntry entry in scan)
        {
            records += entry.Key.Length > 0 ? 1 : 0;
            if (records % LookEvery == 0 && isOver())
            {
                break;
            }
        }

        return records;
    }

    private static long CountByShards(ClonedStore clone, int threads, Func<bool> isOver)
    {
        long records = 0;
        int next = -1;
        Thread[] all = [.. Enumerable.Range(0, threads).Select(_ => new Thread(() =>
        {
            for (int shard; (shard = Interlocked.Increment(ref next)) < clone.ShardCount;)
            {
                Interlocked.Add(ref records, Count(clone.Scan(shard), isOver));
            }
        }))];
        Array.ForEach(all, static thread => thread.Start());
        Array.ForEach(all, static thread => thread.Join());
        return records;
    }

    private static unsafe Func<Func<bool>, long> OfFile(string path, double bytesPerSecond)
    {
        FileMedium medium = FileMedium.OpenForReading(path);
        nint buffer = (nint)NativeMemory.AlignedAlloc(
            ChunkBlocks * Medium.BlockBytes, Medium.BlockBytes);
        long blocks = new FileInfo(path).Length / Medium.BlockBytes;
        Console.WriteLine("first");
        ManualResetEventSlim pause = new();
        return isOver =>
        {
            long bytes = 0;
            long start = Stopwatch.GetTimestamp();
            for (long block = 0; block + ChunkBlocks <= blocks && !isOver(); block += ChunkBlocks)
            {
                if (medium.Read(block, [new MemoryRun(buffer, ChunkBlocks)]) != MediumStatus.Good)
                {
                    throw new IOException($"Block {block} of '{path}' cannot be read.");
                }

                bytes += ChunkBlocks * Medium.BlockBytes;
                double ahead = (bytes / bytesPerSecond)
                    - Stopwatch.GetElapsedTime(start).TotalSeconds;
                if (ahead > 1e-3)
                {
                    pause.Wait(TimeSpan.FromSeconds(ahead));
                }
            }

            return bytes;
        };
    }
}
