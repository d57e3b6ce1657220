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
    private readonly int _rounds = report.IsQuick ? 3 : 51;

    public void Run()
    {
        report.Settings["medium"] =
            $"memory, {RoomsClient.BlockCount * 4L / 1024} MiB for each of two contexts";
        report.Settings["runs"] = $"{_rounds}, alternating, of {_reads:N0} reads";
        using MemoryMedium medium = new(2 * RoomsClient.BlockCount);
        using RoomsRig rooms = new(medium, SubmissionMode.CommandRooms);
        Compare([new(medium, seed: 1), new(medium, seed: 2)], rooms.Clients);
    }

    private void Compare(BareCopy[] copies, RoomsClient[] clients)
    {
        BareCopy copy = copies[0];
        RoomsClient first = clients[0];
        Comparison comparison = new(_rounds);
        Measurement copyAlone = Add("copy, 1 block", () => copy.Read(_reads, 1));
        Measurement alone = Add("command rooms, 1 command", () => first.Read(_reads, 1));
        Measurement copyBatch = Add("copy, 32 blocks", () => copy.Read(_reads, BatchSize));
        Measurement batch =
            Add("command rooms, batches of 32", () => first.Read(_reads, BatchSize));
        Measurement copyBoth = AddBoth(
            "copy, 1 block, two threads",
            copies.Select<BareCopy, Action>(one => () => one.Read(_reads, 1)));
        Measurement both = AddBoth(
            "command rooms, 1 command, two threads and contexts",
            clients.Select<RoomsClient, Action>(one => () => one.Read(_reads, 1)));
        Measurement copyBothBatch = AddBoth(
            "copy, 32 blocks, two threads",
            copies.Select<BareCopy, Action>(one => () => one.Read(_reads, BatchSize)));
        Measurement bothBatch = AddBoth(
            "command rooms, batches of 32, two threads and contexts",
            clients.Select<RoomsClient, Action>(one => () => one.Read(_reads, BatchSize)));
        comparison.Run();
        report.Add(comparison);

        report.Goals.Add(OnTop("one command on top of the copy", alone, copyAlone, MaxAlone));
        report.Goals.Add(OnTop("in batches of 32, each", batch, copyBatch, MaxInBatch));
        report.Goals.Add(Scaling("two threads by one, 1 command", both, alone));
        report.Goals.Add(Scaling("two threads by one, batches of 32", bothBatch, batch));
        report.Notes.Add($"two threads copy {Ratio(copyBoth, copyAlone):F2} times what one does, "
            + $"{Ratio(copyBothBatch, copyBatch):F2} times 32 blocks at once");
        report.Goals.Add(Goal.AtMost(
            "managed memory allocated", alone.AllocatedBytesPerOperation, 0, "bytes each"));

        Measurement Add(string name, Action work) =>
            comparison.Add(name, () => Sample.Of(_reads, work));

        Measurement AddBoth(string name, IEnumerable<Action> work)
        {
            Action[] parts = [.. work];
            return comparison.Add(
                name, () => Sample.Of(parts.Length * _reads, () => InParallel(parts)));
        }
    }

    private static void InParallel(Action[] work)
    {
        Thread[] threads = Array.ConvertAll(work, part => new Thread(() => part()));
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
    }

    private static Goal OnTop(
        string name, Measurement command, Measurement copy, double limit) => Goal.AtMost(
        name,
        command.Against(
            copy, (one, other) => one.NanosecondsPerOperation - other.NanosecondsPerOperation),
        limit,
        "ns");

    private static Goal Scaling(string name, Measurement two, Measurement one) => Goal.AtLeast(
        name, Ratio(two, one), MinScaling, "times");

    private static double Ratio(Measurement two, Measurement one) => two.Against(
        one, (both, alone) => both.OperationsPerSecond / alone.OperationsPerSecond);
}
