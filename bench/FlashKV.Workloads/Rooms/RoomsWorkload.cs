using FlashKV.SimBackend;
using FlashKV.Workloads.Harness;

namespace FlashKV.Workloads.Rooms;

/// <summary>
/// Random reads of 4 KiB blocks of a virtual LUN on a memory medium, from submission to completion,
/// beside bare copies of blocks of the same memory in the same random order.
/// </summary>
internal sealed class RoomsWorkload(Report report)
{
    private const int BatchSize = 32;
    private const double MaxAlone = 250;
    private const double MaxInBatch = 100;
    private const double MinScaling = 1.8;

    private readonly int _reads = report.IsQuick ? 4_096 : 1 << 15;
    private readonly int _readsInCache = report.IsQuick ? 1 << 15 : 1 << 17;
    private readonly int _rounds = report.IsQuick ? 3 : 51;

    public void Run()
    {
        report.Settings["medium"] =
            $"memory, {RoomsClient.BlockCount * 4L / 1024} MiB for each of two contexts";
        report.Settings["in the cache"] =
            $"the first {RoomsClient.CachedBlocks} blocks, so that two threads share no memory";
        report.Settings["runs"] = $"{_rounds}, alternating, of {_reads:N0} reads, "
            + $"in the cache {_readsInCache:N0}";
        using MemoryMedium medium = new(2 * RoomsClient.BlockCount);
        using RoomsRig rooms = new(medium, SubmissionMode.CommandRooms);
        Comparison comparison = new(_rounds);
        Pair alone = Anywhere(comparison, medium, rooms, 1, "1 command");
        Pair batch = Anywhere(comparison, medium, rooms, BatchSize, "batches of 32");
        Pair cached = InCache(comparison, medium, rooms, 1, "1 command, in the cache");
        Pair cachedBatch =
            InCache(comparison, medium, rooms, BatchSize, "batches of 32, in the cache");
        comparison.Run();
        report.Add(comparison);

        report.Goals.Add(OnTop("one command on top of the copy", alone, MaxAlone));
        report.Goals.Add(OnTop("in batches of 32, each", batch, MaxInBatch));
        foreach (Pair pair in new[] { alone, batch, cached, cachedBatch })
        {
            AddScaling(pair);
        }

        report.Goals.Add(Goal.AtMost(
            "managed memory allocated",
            alone.Commands.AllocatedBytesPerOperation,
            0,
            "bytes each"));
    }

    private Pair Anywhere(
        Comparison comparison, MemoryMedium medium, RoomsRig rooms, int batchSize, string name) =>
        Add(
            comparison,
            name,
            _reads,
            Copies(medium, RoomsClient.BlockCount, _reads, batchSize),
            [.. rooms.Clients.Select<RoomsClient, Action>(
                client => () => client.Read(_reads, batchSize))]);

    private Pair InCache(
        Comparison comparison, MemoryMedium medium, RoomsRig rooms, int batchSize, string name) =>
        Add(
            comparison,
            name,
            _readsInCache,
            Copies(medium, RoomsClient.CachedBlocks, _readsInCache, batchSize),
            [.. rooms.Clients.Select<RoomsClient, Action>(
                client => () => client.ReadInCache(_readsInCache, batchSize))]);

    private static Action[] Copies(
        MemoryMedium medium, int among, int reads, int batchSize)
    {
        BareCopy[] copies = [new(medium, seed: 1, among), new(medium, seed: 2, among)];
        return Array.ConvertAll<BareCopy, Action>(
            copies, copy => () => copy.Read(reads, batchSize));
    }

    private static Pair Add(
        Comparison comparison, string name, int reads, Action[] copies, Action[] commands)
    {
        return new Pair(
            name,
            One($"copy, {name}", copies[0]),
            One($"rooms, {name}", commands[0]),
            Both($"copy, {name}, two threads", copies),
            Both($"rooms, {name}, two threads and contexts", commands));

        Measurement One(string row, Action work) =>
            comparison.Add(row, () => Sample.Of(reads, work));

        Measurement Both(string row, Action[] work) =>
            comparison.Add(row, () => Sample.Of(work.Length * reads, () => InParallel(work)));
    }

    private void AddScaling(Pair pair)
    {
        report.Goals.Add(Goal.AtLeast(
            $"two threads by one, {pair.Name}",
            Ratio(pair.CommandsOfTwo, pair.Commands),
            MinScaling,
            "times"));
        report.Notes.Add($"{pair.Name}: two threads copy "
            + $"{Ratio(pair.CopiesOfTwo, pair.Copies):F2} times what one does");
    }

    private static void InParallel(Action[] work)
    {
        Thread[] threads = Array.ConvertAll(work, part => new Thread(() => part()));
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
    }

    private static Goal OnTop(string name, Pair pair, double limit) => Goal.AtMost(
        name,
        pair.Commands.Against(
            pair.Copies,
            (one, other) => one.NanosecondsPerOperation - other.NanosecondsPerOperation),
        limit,
        "ns");

    private static double Ratio(Measurement two, Measurement one) => two.Against(
        one, (both, alone) => both.OperationsPerSecond / alone.OperationsPerSecond);

    /// <summary>Commands beside bare copies of the same blocks, by one thread and by two.</summary>
    private sealed record Pair(
        string Name,
        Measurement Copies,
        Measurement Commands,
        Measurement CopiesOfTwo,
        Measurement CommandsOfTwo);
}
