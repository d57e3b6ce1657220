using System.CommandLine;
using FlashKV.Workloads.Clones;
using FlashKV.Workloads.Comparing;
using FlashKV.Workloads.Device;
using FlashKV.Workloads.Limits;
using FlashKV.Workloads.Resets;
using FlashKV.Workloads.Rooms;
using FlashKV.Workloads.Served;
using FlashKV.Workloads.Stores;
using FlashKV.Workloads.Workers;

namespace FlashKV.Workloads;

/// <summary>The program, with whatever other stores there are to compare with.</summary>
internal static class WorkloadsProgram
{
    public static int Run(string[] args, IReadOnlyList<IStoreKind> peers)
    {
        IStoreKind[] kinds = [new FlashKvKind(), .. peers, new LineKind(), new BareKind()];
        if (args is [WorkerProgram.Verb])
        {
            return WorkerProgram.Run(kinds);
        }

        if (args is [ReaderProgram.Verb, .. var arguments])
        {
            return ReaderProgram.Run(arguments);
        }

        RootCommand root = new("Whole runs of FlashKV, alone and beside other stores.")
        {
            new YcsbCommand(kinds),
            new GetManyCommand(kinds),
            new DurableCommand(kinds),
            new ColdGetCommand(kinds),
            new LoadCommand(kinds),
            new ReopenCommand(kinds),
            new TailCommand(kinds),
            new LimitsCommand(kinds),
            new TourCommand(),
            new DeviceCommand(),
            new ResetsCommand(),
            new RoomsCommand(),
            new ServedCommand(),
            new ClonesCommand(),
        };
        return root.Parse(args).Invoke();
    }
}
