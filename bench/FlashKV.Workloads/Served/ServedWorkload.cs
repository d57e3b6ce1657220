using FlashKV.SimBackend;
using FlashKV.Workloads.Harness;
using FlashKV.Workloads.Rooms;

namespace FlashKV.Workloads.Served;

/// <summary>
/// Random reads of 4 KiB blocks of a virtual LUN on a memory medium that a server serves, one at a
/// time and in batches of 32, by messages and by a shared page.
/// </summary>
internal sealed class ServedWorkload(Report report)
{
    private const int BatchSize = 32;

    private static readonly (string Name, SubmissionMode Mode, SharedRegisterAccess Registers)[]
        s_kinds =
        [
            ("rooms, messages", SubmissionMode.CommandRooms, SharedRegisterAccess.Messages),
            ("ring, messages", SubmissionMode.SubmissionQueue, SharedRegisterAccess.Messages),
            ("ring, shared page", SubmissionMode.SubmissionQueue, SharedRegisterAccess.SharedPage),
        ];

    private readonly int _reads = report.IsQuick ? 256 : 1 << 13;
    private readonly int _rounds = report.IsQuick ? 1 : 15;

    public void Run()
    {
        report.Settings["medium"] = $"memory, {RoomsClient.BlockCount * 4L / 1024} MiB each";
        report.Settings["runs"] = $"{_rounds}, alternating, of {_reads:N0} reads";
        report.Settings["processor time"] = "of client and server together";
        List<IDisposable> parts = [];
        Comparison comparison = new(_rounds);
        foreach ((string name, SubmissionMode mode, SharedRegisterAccess registers) in s_kinds)
        {
            MemoryMedium medium = new(RoomsClient.BlockCount);
            ServedRig rig = new(medium, mode, registers);
            parts.AddRange([medium, rig]);
            Add($"{name}, 1 command", rig.Client, 1);
            Add($"{name}, batches of {BatchSize}", rig.Client, BatchSize);
        }

        comparison.Run();
        report.Add(comparison);
        parts.Reverse();
        parts.ForEach(part => part.Dispose());

        void Add(string name, RoomsClient client, int batchSize) => comparison.Add(
            name, () => Sample.Of(_reads, () => client.Read(_reads, batchSize)));
    }
}
