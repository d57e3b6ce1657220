using System.Buffers.Binary;
using System.Diagnostics;

namespace FlashKV.Workloads;

/// <summary>
/// Loads records with buffered durability by as many threads as there are cores, then gets them in
/// random order, scans, verifies, closes and reopens. Every value that is read is compared.
/// </summary>
internal sealed class TourWorkload(
    int keys, int valueBytes, string directory, FlashStoreOptions options)
{
    private const int KeyBytes = 16;
    private const int Gets = 300_000;

    private readonly int _threads = Environment.ProcessorCount;

    public static int Run(int keys, int valueBytes, string? directory, int memoryMebibytes)
    {
        string path = directory ?? Directory.CreateTempSubdirectory("flashkv-tour-").FullName;
        try
        {
            var options = new FlashStoreOptions { MemoryBudget = (long)memoryMebibytes << 20 };
            new TourWorkload(keys, valueBytes, path, options).Run();
            return 0;
        }
        finally
        {
            if (directory is null)
            {
                Directory.Delete(path, recursive: true);
            }
        }
    }

    private void Run()
    {
        Console.WriteLine(
            $"{keys:N0} records of {KeyBytes}-byte keys and {valueBytes}-byte values, "
            + $"{_threads} threads, {Environment.ProcessorCount} cores, memory budget "
            + $"{options.MemoryBudget >> 20:N0} MiB");
        using (FlashStore store = FlashStore.Open(directory, options))
        {
            Measure("load (buffered)", keys, () => InThreads(part => Load(store, part)));
            Measure("flush", 1, store.Flush);
            PrintStatistics(store);
            Gauge(store, "in memory as far as the cache holds");
            Measure("scan", keys, () => Require(store.Scan().Count() == keys, "scan"));
            Measure("verify", keys, () => Require(store.Verify().IsWhole, "verify"));
        }

        using (FlashStore store = FlashStore.Open(directory, options))
        {
            Console.WriteLine($"reopen: {store.GetStatistics().OpenTime.TotalMilliseconds:N0} ms");
            Require(store.GetStatistics().Keys == keys, "reopen");
            Gauge(store, "first after opening");
        }
    }

    private void Gauge(FlashStore store, string when)
    {
        int gets = Math.Min(Gets, keys);
        Measure($"get, 1 thread, {when}", gets, () => Get(store, seed: 1, gets));
        Measure(
            $"get, {_threads} threads",
            gets * _threads,
            () => InThreads(part => Get(store, part + 2, gets)));
        Measure("get many, 64 at once, 1 thread", gets, () => GetMany(store, gets));
    }

    private void Load(FlashStore store, int part)
    {
        Span<byte> key = stackalloc byte[KeyBytes];
        byte[] value = new byte[valueBytes];
        for (int i = part; i < keys; i += _threads)
        {
            Fill(key, value, i);
            store.Put(key, value, Durability.Buffered);
        }
    }

    private void Get(FlashStore store, int seed, int gets)
    {
        var random = new Random(seed);
        Span<byte> key = stackalloc byte[KeyBytes];
        byte[] value = new byte[valueBytes];
        byte[] found = new byte[valueBytes];
        for (int i = 0; i < gets; i++)
        {
            Fill(key, value, random.Next(keys));
            int length = store.Get(key, found);
            Require(length == valueBytes && found.AsSpan().SequenceEqual(value), "get");
        }
    }

    private void GetMany(FlashStore store, int gets)
    {
        const int Group = 64;
        var random = new Random(7);
        byte[] value = new byte[valueBytes];
        byte[][] bytes = [.. Enumerable.Range(0, Group).Select(_ => new byte[KeyBytes])];
        ReadOnlyMemory<byte>[] group = [.. bytes.Select(key => (ReadOnlyMemory<byte>)key)];
        var results = new GetManyResult();
        for (int i = 0; i < gets / Group; i++)
        {
            foreach (byte[] key in bytes)
            {
                Fill(key, value, random.Next(keys));
            }

            Require(store.GetMany(group, results) == Group, "get many");
        }
    }

    private void Fill(Span<byte> key, Span<byte> value, int number)
    {
        key.Clear();
        BinaryPrimitives.WriteInt32BigEndian(key[^4..], number);
        for (int i = 0; i + sizeof(int) <= value.Length; i += sizeof(int))
        {
            BinaryPrimitives.WriteInt32LittleEndian(value[i..], number + i);
        }
    }

    private void InThreads(Action<int> work)
    {
        Thread[] threads =
            [.. Enumerable.Range(0, _threads).Select(part => new Thread(() => work(part)))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
    }

    private void PrintStatistics(FlashStore store)
    {
        FlashStoreStatistics statistics = store.GetStatistics();
        long user = (long)keys * (KeyBytes + valueBytes);
        Console.WriteLine(
            $"log {statistics.LogBytes >> 20:N0} MiB, "
            + $"{(double)statistics.LogBytes / user:N2} bytes per user byte, "
            + $"{statistics.SpaceAmplification:N2} per live byte; index "
            + $"{(double)statistics.IndexBytes / keys:N1} bytes per key; memory "
            + $"{statistics.MemoryUsedBytes >> 20:N0} MiB");
    }

    private static void Measure(string what, long count, Action work)
    {
        TimeSpan processor = Process.GetCurrentProcess().TotalProcessorTime;
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        long start = Stopwatch.GetTimestamp();
        work();
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        processor = Process.GetCurrentProcess().TotalProcessorTime - processor;
        Console.WriteLine(
            $"{what}: {elapsed.TotalSeconds:N2} s, {count / elapsed.TotalSeconds:N0} per second, "
            + $"{processor.TotalMicroseconds / count:N2} us of processor and "
            + $"{(double)allocated / count:N2} bytes allocated each");
    }

    private static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"The result of {what} is wrong.");
        }
    }
}
