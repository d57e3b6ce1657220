using FlashKV.SimBackend;
using FlashKV.Workloads.Harness;

namespace FlashKV.Workloads.Device;

/// <summary>
/// Random reads at several queue depths and sequential writes of one file: through virtual and
/// physical LUNs of an adapter, and by fio.
/// </summary>
internal sealed class DeviceWorkload(Report report, DeviceFile file, FileAccessMethod method)
{
    private const double MinOfFio = 0.95;
    private const double MinOfPhysical = 0.95;
    private const int WriteBlocks = 128;
    private const int WriteDepth = 8;

    private static readonly int[] s_depths = [1, 8, 32, 128];

    private readonly Fio? _fio = Fio.Find(file.FilePath);
    private readonly int _rounds = report.IsQuick ? 1 : 7;

    /// <summary>The length of a run.</summary>
    public required double SecondsEach { get; init; }

    private long FileBytes => file.BlockCount * Medium.BlockBytes;

    public void Run()
    {
        using DeviceRig rig = new(file, method);
        report.Settings["file"] = $"{FileBytes >> 20} MiB, written before, on "
            + $"{MachineDescription.FileSystemOf(file.FilePath)}; reached by {rig.Access}";
        report.Settings["runs"] = $"{_rounds}, alternating, of {SecondsEach} s; one thread";
        report.Settings["fio"] =
            _fio is null ? "not on the path" : $"{_fio.Version}, {Fio.Options}";
        if (_fio is null)
        {
            report.Notes.Add("fio was not found, so nothing is said about its rate.");
        }

        using (SequentialWriter writer =
            SequentialWriter.OnPhysicalLun(rig.Device, WriteBlocks, WriteDepth))
        {
            writer.Fill();
        }

        Read(rig);
        Write(rig);
        report.Notes.Add(
            "Operations are blocks of 4 KiB. A file on a virtual disk says little about flash.");
    }

    private void Read(DeviceRig rig)
    {
        Comparison comparison = new(_rounds);
        List<RandomReader> readers = [];
        List<Action> goals = [];
        foreach (int depth in s_depths)
        {
            RandomReader reader = new(rig.Device, depth);
            readers.Add(reader);
            Measurement ours = comparison.Add(
                $"random read, depth {depth}, physical LUN",
                () => Sample.Of(() => reader.Read(SecondsEach)));
            AddFio(
                comparison,
                goals,
                $"random read, depth {depth}",
                ours,
                fio => fio.ReadRandom(FileBytes, depth, SecondsEach));
        }

        comparison.Run();
        readers.ForEach(reader => reader.Dispose());
        report.Add(comparison);
        goals.ForEach(add => add());
    }

    private void Write(DeviceRig rig)
    {
        // A physical LUN cannot be open beside virtual ones, so each is opened for its runs.
        Comparison comparison = new(_rounds);
        List<Action> goals = [];
        string size = $"{WriteDepth} x {WriteBlocks * Medium.BlockBytes >> 10} KiB";
        Measurement physical = comparison.Add(
            $"sequential write, {size}, physical LUN",
            () => Write(() => SequentialWriter.OnPhysicalLun(rig.Device, WriteBlocks, WriteDepth)));
        Measurement ours = comparison.Add(
            $"sequential write, {size}, virtual LUN (one-block commands)",
            () => Write(() => Virtual(rig)));
        AddFio(
            comparison,
            goals,
            $"sequential write, {size}",
            physical,
            fio => fio.WriteSequential(
                FileBytes, WriteBlocks * Medium.BlockBytes, WriteDepth, SecondsEach));
        long commands = rig.Commands;
        long transfers = rig.MediumTransfers;
        comparison.Run();
        report.Add(comparison);
        goals.ForEach(add => add());
        report.Goals.Add(Ratio(
            "sequential write, virtual by physical LUN", ours, physical, MinOfPhysical));
        report.Settings["merging while writing"] =
            $"{rig.Commands - commands:N0} commands, "
            + $"{rig.MediumTransfers - transfers:N0} transfers";
    }

    private SequentialWriter Virtual(DeviceRig rig) =>
        SequentialWriter.OnVirtualLun(rig.Device, file.BlockCount, WriteBlocks, WriteDepth);

    private Sample Write(Func<SequentialWriter> open)
    {
        using SequentialWriter writer = open();
        return Sample.Of(() => writer.Write(SecondsEach));
    }

    private void AddFio(
        Comparison comparison,
        List<Action> goals,
        string name,
        Measurement ours,
        Func<Fio, Sample> run)
    {
        if (_fio is null)
        {
            return;
        }

        Measurement theirs = comparison.Add($"{name}, fio", () => run(_fio));
        goals.Add(() => report.Goals.Add(Ratio($"{name}, by fio", ours, theirs, MinOfFio)));
    }

    private static Goal Ratio(
        string name, Measurement one, Measurement other, double limit) => Goal.AtLeast(
        name,
        one.Against(other, (ours, theirs) => ours.OperationsPerSecond / theirs.OperationsPerSecond),
        limit,
        "times");
}
