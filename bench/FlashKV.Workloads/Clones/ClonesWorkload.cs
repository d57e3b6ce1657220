using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using FlashKV.SimBackend;
using FlashKV.Workloads.Harness;
using FlashKV.Workloads.Workers;

namespace FlashKV.Workloads.Clones;

/// <summary>
/// YCSB A with two threads: alone, beside a process that scans a clone of the store over and over,
/// and beside one that reads another file as fast as that; and how fast a clone is there, what it
/// has the store write, and how fast it is scanned.
/// </summary>
internal sealed class ClonesWorkload(
    Report report, string home, int records, int rounds, TimeSpan duration, bool hasWriter)
{
    private const int Threads = 2;
    private const int ValueBytes = 100;
    private const int KeyBytes = 16;
    private const int StreamLength = 1 << 20;
    private const double NoLimit = 1e12;
    private const double FirstRecordGoal = 1;
    private const double ScanGoal = 0.9;
    private const int ScanSeconds = 2;

    private readonly Dictionary<string, Latencies> _latencies = [];
    private readonly List<double> _cloneRates = [];
    private readonly List<double> _fileRates = [];
    private readonly string _other = Path.Combine(home, "other.file");

    public void Run()
    {
        report.Settings["records"] = $"{records:N0} of {KeyBytes} + {ValueBytes} bytes";
        report.Settings["each run"] = $"{duration.TotalSeconds:N0} s, {Threads} threads, YCSB A";
        report.Settings["file system"] = MachineDescription.FileSystemOf(home);
        using FlashStore store = FlashStore.Open(Path.Combine(home, "store"), new FlashStoreOptions
        {
            MemoryBudget = Math.Max(1L << 30, 400L * records),
            Durability = Durability.Buffered,
        });
        Load(store);
        WriteOther(store.GetStatistics().LogBytes);
        MeasureStart(store);
        MeasureScan(store);
        if (hasWriter)
        {
            MeasureWriter(store);
        }
    }

    private void Load(FlashStore store)
    {
        byte[] key = new byte[KeyBytes];
        byte[] value = new byte[ValueBytes];
        for (long i = 0; i < records; i++)
        {
            Name(key, i);
            store.Put(key, value);
        }

        store.Flush();
    }

    private static void Name(Span<byte> key, long number)
    {
        key.Fill((byte)'0');
        "user"u8.CopyTo(key);
        bool fits = number.TryFormat(
            key["user"u8.Length..], out _, "000000000000", CultureInfo.InvariantCulture);
        Debug.Assert(fits);
    }

    private unsafe void WriteOther(long bytes)
    {
        const int Blocks = 256;
        using FileMedium medium = FileMedium.Open(_other, bytes / Medium.BlockBytes);
        nint buffer = (nint)NativeMemory.AlignedAlloc(
            Blocks * Medium.BlockBytes, Medium.BlockBytes);
        new Span<byte>((void*)buffer, Blocks * Medium.BlockBytes).Fill(0x5A);
        for (long block = 0; block + Blocks <= bytes / Medium.BlockBytes; block += Blocks)
        {
            medium.Write(block, [new MemoryRun(buffer, Blocks)], forceUnitAccess: false);
        }

        medium.Flush();
        NativeMemory.AlignedFree((void*)buffer);
    }

    // Nothing is staged but the last writes, as in a store that is written to.
    private void MeasureStart(FlashStore store)
    {
        List<double> times = [];
        List<double> written = [];
        byte[] key = new byte[KeyBytes];
        for (int round = 0; round < rounds + 1; round++)
        {
            for (int i = 0; i < 1_000; i++)
            {
                Name(key, i);
                store.Put(key, new byte[ValueBytes]);
            }

            long before = BytesWritten();
            long start = Stopwatch.GetTimestamp();
            using StoreClone clone = store.CloneToAsync(ReaderRun.StartInfo()).Result;
            using ReaderRun reader = new(clone.Process);
            reader.WaitForFirst();
            times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            written.Add(BytesWritten() - before);
        }

        double median = Statistics.Median(times.Skip(1));
        report.Goals.Add(Goal.AtMost(
            "from CloneToAsync to the first record in the other process",
            median, FirstRecordGoal, "s"));
        report.Notes.Add(string.Create(
            CultureInfo.InvariantCulture,
            $"written by the store's process meanwhile, 1,000 writes of {KeyBytes} + {ValueBytes} "
            + $"bytes before it: {Statistics.Median(written.Skip(1)) / 1024:N0} KiB"));
    }

    // The first scan of a process finds its code not compiled; those that follow say what the device
    // and the scan can do.
    private void MeasureScan(FlashStore store)
    {
        List<Rates> ratios = [];
        List<Rates> sharedRatios = [];
        for (int round = 0; round < rounds; round++)
        {
            Rates scan = RatesOfScan(store);
            Rates shared = RatesOfScan(store, Threads.ToString(CultureInfo.InvariantCulture));
            using ReaderRun reader = new(Process.Start(ReaderRun.StartInfo(
                _other, NoLimit.ToString(CultureInfo.InvariantCulture)))!);
            Rates file = RatesOf(reader);
            ratios.Add(scan.By(file));
            sharedRatios.Add(shared.By(file));
            report.Notes.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"MB/s of the first round, of the {ScanSeconds} s that follow: a scan of a clone "
                + $"alone {scan}, by {Threads} threads {shared}, the other file in reads of "
                + $"1 MiB {file}"));
        }

        AddGoals("a scan of a clone", ratios);
        AddGoals($"one by {Threads} threads that share the shards", sharedRatios);
    }

    private void AddGoals(string scan, List<Rates> ratios)
    {
        report.Goals.Add(Goal.AtLeast(
            $"{scan}, the first, by the sequential rate of a file",
            Statistics.Median(ratios.Select(static ratio => ratio.First)), ScanGoal, "times"));
        report.Goals.Add(Goal.AtLeast(
            $"{scan}, those that follow, by the sequential rate of a file",
            Statistics.Median(ratios.Select(static ratio => ratio.Later)), ScanGoal, "times"));
    }

    private static Rates RatesOfScan(FlashStore store, params string[] arguments)
    {
        using StoreClone clone = store.CloneToAsync(ReaderRun.StartInfo(arguments)).Result;
        using ReaderRun reader = new(clone.Process);
        return RatesOf(reader);
    }

    private static Rates RatesOf(ReaderRun reader)
    {
        reader.WaitForFirst();
        (double bytes, double seconds) = reader.WaitForRound();
        reader.GoOn();
        using ManualResetEventSlim never = new();
        never.Wait(TimeSpan.FromSeconds(ScanSeconds));
        (double laterBytes, double laterSeconds) = reader.Stop();
        return new Rates(bytes / seconds, laterBytes / laterSeconds);
    }

    private void MeasureWriter(FlashStore store)
    {
        Comparison comparison = new(rounds);
        Measurement alone = comparison.Add("alone", () => Write(store, "alone"));
        Measurement cloned = comparison.Add("beside a scan of a clone", () =>
        {
            using StoreClone clone = store.CloneToAsync(ReaderRun.StartInfo()).Result;
            return WriteBeside(store, "beside a scan of a clone", clone.Process, _cloneRates);
        });
        Measurement file = comparison.Add("beside a read of a file", () =>
        {
            double rate = _cloneRates.Count == 0 ? NoLimit : _cloneRates[^1];
            using Process process = Process.Start(ReaderRun.StartInfo(
                _other, rate.ToString(CultureInfo.InvariantCulture)))!;
            return WriteBeside(store, "beside a read of a file", process, _fileRates);
        });
        comparison.Run();
        report.Add(comparison);
        foreach ((string name, Latencies latencies) in _latencies)
        {
            LatencySummary summary = latencies.Summarize();
            report.Notes.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"{name}: {summary.P50:N1} us (p50), {summary.P99:N1} (p99), {summary.P999:N1} "
                + $"(p99.9), {summary.Max:N0} (longest)"));
        }

        report.Notes.Add(string.Create(
            CultureInfo.InvariantCulture,
            $"the writer beside a clone: {Share(cloned, alone):N2} of its rate alone; "
            + $"beside the file: {Share(file, alone):N2}; read meanwhile "
            + $"{Statistics.Median(_cloneRates) / 1e6:N0} and "
            + $"{Statistics.Median(_fileRates) / 1e6:N0} MB/s"));
    }

    private static double Share(Measurement beside, Measurement alone) => beside.Against(
        alone, static (a, b) => a.OperationsPerSecond / b.OperationsPerSecond);

    private Sample WriteBeside(
        FlashStore store, string name, Process process, List<double> rates)
    {
        using ReaderRun reader = new(process);
        reader.WaitForFirst();
        reader.WaitForRound();
        reader.GoOn();
        Sample sample = Write(store, name);
        (double bytes, double seconds) = reader.Stop();
        rates.Add(bytes / seconds);
        return sample;
    }

    private Sample Write(FlashStore store, string name)
    {
        Zipfian zipfian = new(records);
        OperationStream[] streams = [.. Enumerable.Range(0, Threads).Select(thread =>
            new OperationStream(Mix.Named("A"), records, zipfian, StreamLength, thread + 1))];
        Latencies all = _latencies.TryGetValue(name, out Latencies? found)
            ? found : _latencies[name] = new Latencies();
        return Sample.Of(() =>
        {
            var counts = new long[Threads];
            Thread[] threads = [.. streams.Select((stream, i) => new Thread(() =>
            {
                Latencies latencies = new();
                counts[i] = Work(store, stream, latencies);
                lock (all)
                {
                    all.Add(latencies);
                }
            }))];
            Array.ForEach(threads, static thread => thread.Start());
            Array.ForEach(threads, static thread => thread.Join());
            return counts.Sum();
        });
    }

    private long Work(FlashStore store, OperationStream stream, Latencies latencies)
    {
        byte[] key = new byte[KeyBytes];
        byte[] value = new byte[ValueBytes];
        long count = 0;
        long start = Stopwatch.GetTimestamp();
        long last = start;
        while (Stopwatch.GetElapsedTime(start, last) < duration)
        {
            Operation kind = stream.Next(out long number);
            Name(key, number);
            if (kind == Operation.Read)
            {
                store.Get(key, value);
            }
            else
            {
                store.Put(key, value);
            }

            long now = Stopwatch.GetTimestamp();
            latencies.Add(Stopwatch.GetElapsedTime(last, now).TotalNanoseconds);
            last = now;
            count++;
        }

        return count;
    }

    // What the process has had written to disks, as Linux counts it.
    private static long BytesWritten()
    {
        const string Label = "write_bytes: ";
        string line = File.ReadLines("/proc/self/io")
            .First(static line => line.StartsWith(Label, StringComparison.Ordinal));
        return long.Parse(line.AsSpan(Label.Length), CultureInfo.InvariantCulture);
    }

    /// <summary>The bytes per second of a first round and of those that follow.</summary>
    private readonly record struct Rates(double First, double Later)
    {
        public Rates By(Rates other) => new(First / other.First, Later / other.Later);

        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture, $"{First / 1e6:N0} and {Later / 1e6:N0}");
    }
}
