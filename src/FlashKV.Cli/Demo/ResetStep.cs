using FlashKV.SimBackend;
using FlashKV.Superpipe;

namespace FlashKV.Cli.Demo;

/// <summary>
/// Resets the adapter under a store that several threads write to: they must notice nothing but
/// the time it takes.
/// </summary>
internal sealed class ResetStep : IDemoStep
{
    private const int Resets = 3;
    private const long MediumBlocks = 1L << 22;

    public void Run(DemoSession session)
    {
        string directory = session.StoreDirectory("reset");
        Directory.CreateDirectory(directory);
        using FileMedium medium = FileMedium.Open(Path.Combine(directory, "medium"), MediumBlocks);
        using SimulatedAdapter adapter = new(medium);
        using SuperpipeDevice device = SuperpipeDevice.Open(
            adapter.Transport, adapter.DevicePaths[0]);
        ParallelWriters writers = new(session.Table.Records, session.Stop);
        using (FlashStore store = FlashStore.Open(device, Path.Combine(directory, "store")))
        {
            long started = session.Time.GetTimestamp();
            writers.Run(store, Resets, adapter.Reset);
            TimeSpan elapsed = session.Time.GetElapsedTime(started);
            CheckRecords(session, store);
            DemoSession.Check(
                adapter.GetStatistics().Resets == Resets, $"the adapter was reset {Resets} times");
            session.Print(
                "reset",
                $"the adapter {Resets} times, while {ParallelWriters.Threads} threads wrote "
                + $"{session.Table.Records.Count:N0} records: no error, "
                + $"{DemoSession.Rate(session.Table.Records.Count, elapsed)}, the longest write "
                + $"took {writers.Longest.TotalMilliseconds:0.0} ms");
        }

        using FlashStore reopened = FlashStore.Open(device, Path.Combine(directory, "store"));
        CheckRecords(session, reopened);
    }

    private static void CheckRecords(DemoSession session, FlashStore store)
    {
        StoreModel model = new();
        foreach ((byte[] key, byte[] value) in session.Table.Records)
        {
            model[key] = value;
        }

        string? difference = model.FindDifference(store, session.Stop);
        DemoSession.Check(
            difference is null, $"nothing is lost when the adapter is reset ({difference})");
    }
}
