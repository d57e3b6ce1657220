using System.Diagnostics;
using FlashKV.Workloads.Comparing;
using FlashKV.Workloads.Device;
using FlashKV.Workloads.Harness;
using FlashKV.Workloads.Stores;
using FlashKV.Workloads.Workers;

namespace FlashKV.Workloads.Limits;

/// <summary>What this machine can do at most, measured in the same run as the stores.</summary>
internal sealed class MachineLimits(StoreContest contest)
{
    public const string Machine = "machine";

    private const int Accesses = 1 << 20;
    private const int QueueDepth = 32;
    private const int ClockThreads = 2;
    private const int MostBusy = 2;

    private readonly long _memoryBytes = contest.Report.IsQuick ? 64L << 20 : 1L << 30;
    private readonly long _fileBytes = contest.Report.IsQuick ? 64L << 20 : 1L << 30;

    public void Measure()
    {
        MeasureMemory();
        MeasureGaps(ClockThreads, contest.Seconds, contest.Rounds);
        if (DirectFile.IsSupported)
        {
            MeasureFile();
        }
        else
        {
            contest.Report.Notes.Add("Files past the page cache: only measured on Linux on x64.");
        }
    }

    /// <summary>What one writer can do: a block past the page cache, and a flush.</summary>
    public StoreMeasurement MeasureDurableWrites()
    {
        using DirectFile file = Filled(isSynchronous: false);
        long block = 0;
        return Repeat("O_DIRECT write of 4 KiB + fdatasync", 1, () => For(() =>
        {
            file.WriteBlock(block++ % (_fileBytes / DirectFile.BlockBytes));
            file.Flush();
        }));
    }

    /// <summary>
    /// How long threads are kept from running that only read the clock: alone, and beside one and
    /// two that compute, as a store's own threads would.
    /// </summary>
    public void MeasureGaps(int threads, double seconds, int rounds = 1)
    {
        for (int busy = 0; busy <= MostBusy; busy++)
        {
            int beside = busy;
            string name = $"{threads} threads that read the clock, {beside} that compute";
            Repeat(name, threads, rounds, () =>
            {
                ClockReaders readers = new(threads, beside, seconds);
                return ToReply(Sample.Of(readers.Run)) with { Latency = readers.Gaps.Summarize() };
            });
        }
    }

    private void MeasureMemory()
    {
        using MemoryLimits memory = new(_memoryBytes);
        contest.Report.Settings["memory"] =
            $"{_memoryBytes >> 20} MiB in lines of 64 bytes, huge pages asked for";
        Repeat("dependent random reads of a line", 1, () => Untimed(
            () => memory.ReadDependent(Accesses)));
        Repeat("independent random reads of a line, 32 ahead", 1, () => Untimed(
            () => memory.ReadIndependent(Accesses)));
        Repeat("reads of lines in order", 1, () => Untimed(memory.ReadInOrder));
        Repeat("copies of lines in order", 1, () => Untimed(memory.Copy));
    }

    private void MeasureFile()
    {
        contest.Report.Settings["file"] = $"{_fileBytes >> 20} MiB, written before, on "
            + MachineDescription.FileSystemOf(contest.Root);
        MeasureDurableWrites();
        using (DirectFile file = Filled(isSynchronous: true))
        {
            long block = 0;
            Repeat("O_DIRECT write of 4 KiB with O_DSYNC", 1, () => For(
                () => file.WriteBlock(block++ % (_fileBytes / DirectFile.BlockBytes))));
            var random = new Random(1);
            Repeat("O_DIRECT random read of 4 KiB, depth 1", 1, () => For(
                () => file.ReadBlock(random.NextInt64(_fileBytes / DirectFile.BlockBytes))));
            Repeat("fdatasync with nothing written", 1, () => For(() => file.Flush()));
        }

        if (Fio.Find(FilePath) is not { } fio)
        {
            contest.Report.Notes.Add("fio was not found: no random reads at greater depths.");
            return;
        }

        contest.Report.Settings["fio"] = $"{fio.Version}, {Fio.Options}";
        foreach (int depth in new[] { 1, QueueDepth })
        {
            Repeat($"fio, random read of 4 KiB, depth {depth}", 1, () => ToReply(
                fio.ReadRandom(_fileBytes, depth, contest.Seconds)));
        }
    }

    private string FilePath => Path.Combine(contest.Root, "limits");

    private DirectFile Filled(bool isSynchronous) =>
        DirectFile.OpenFilled(FilePath, _fileBytes, isSynchronous);

    private StoreMeasurement Repeat(string name, int threads, Func<WorkerReply> run) =>
        Repeat(name, threads, contest.Rounds, run);

    private StoreMeasurement Repeat(
        string name, int threads, int rounds, Func<WorkerReply> run)
    {
        StoreMeasurement measurement = new(
            new WorkloadCase(name, threads, 0, 0, WorkloadCase.Uniform),
            Machine,
            DurabilityClass.MemoryOnly);
        for (int round = 0; round < rounds; round++)
        {
            measurement.Add(run());
        }

        contest.Report.Measurements.Add(measurement);
        return measurement;
    }

    /// <summary>Runs something for the length of a run, in parts too short to time.</summary>
    private WorkerReply Untimed(Func<long> part) => ToReply(Sample.Of(() =>
    {
        long end = Stopwatch.GetTimestamp() + (long)(contest.Seconds * Stopwatch.Frequency);
        long count = 0;
        do
        {
            count += part();
        }
        while (Stopwatch.GetTimestamp() < end);

        return count;
    }));

    /// <summary>Runs something for the length of a run, and times each.</summary>
    private WorkerReply For(Action one)
    {
        Latencies latencies = new();
        Sample sample = Sample.Of(() =>
        {
            long last = Stopwatch.GetTimestamp();
            long end = last + (long)(contest.Seconds * Stopwatch.Frequency);
            long count = 0;
            do
            {
                one();
                long now = Stopwatch.GetTimestamp();
                latencies.Add((now - last) * (1e9 / Stopwatch.Frequency));
                last = now;
                count++;
            }
            while (last < end);

            return count;
        });
        return ToReply(sample) with { Latency = latencies.Summarize() };
    }

    private static WorkerReply ToReply(Sample sample) =>
        WorkerReply.Of(sample) with { PeakBytes = ProcessFacts.PeakBytes };
}
