using FlashKV.Cli.Terminal;

namespace FlashKV.Cli.Demo;

/// <summary>
/// Kills a process in the middle of its writes, several times, and checks each time that every
/// write that it had acknowledged is there and none is damaged.
/// </summary>
internal sealed class KillStep : IDemoStep
{
    private const int Kills = 3;
    private const int AcknowledgeEvery = 250;
    private const int LeastAcknowledgements = 4;
    private const int MostAcknowledgements = 60;

    public void Run(DemoSession session)
    {
        string directory = session.StoreDirectory("killed");
        NumberedRecords records = new(session.Table.Records);
        KilledWriterCheck check = new(records);
        for (int kill = 0; kill < Kills; kill++)
        {
            session.Stop.ThrowIfCancellationRequested();
            WriteAndKill(session, directory, records, check);
            using FlashStore store = FlashStore.Open(directory);
            string? damage = check.FindDamage(store);
            DemoSession.Check(damage is null, $"a killed process loses nothing ({damage})");
        }

        session.Print(
            "kill",
            $"SIGKILL in the middle of writing, {Kills} times: all of "
            + $"{check.AcknowledgedCount:N0} acknowledged writes are there, none is damaged");
    }

    private static void WriteAndKill(
        DemoSession session, string directory, NumberedRecords records, KilledWriterCheck check)
    {
        using KillableWriter writer = new(
            ToolProcess.Start(KillableWriter.Arguments(directory, AcknowledgeEvery)),
            records,
            check.Sent);
        DemoSession.Check(
            writer.ReadAcknowledgements(
                session.Random.Next(LeastAcknowledgements, MostAcknowledgements)),
            "the process writes until it is killed");
        long sent = writer.Kill();
        check.Record(sent, writer.Acknowledged);
    }
}
