using System.Text;

namespace FlashKV.Cli.Demo;

/// <summary>Commits batches of puts and deletes, each of which counts as a whole.</summary>
internal sealed class BatchStep : IDemoStep
{
    private const int Batches = 200;
    private const int PutsInBatch = 8;

    public void Run(DemoSession session)
    {
        using FlashStore store = session.OpenMain();
        long started = session.Time.GetTimestamp();
        for (int number = 0; number < Batches; number++)
        {
            session.Stop.ThrowIfCancellationRequested();
            Commit(session, store, number);
        }

        TimeSpan elapsed = session.Time.GetElapsedTime(started);
        AbandonBatch(store);
        session.CheckAgainstModel(store);
        session.Print(
            "batch",
            $"{Batches} batches of {PutsInBatch + 1} keys, each durable at its commit: "
            + $"{DemoSession.Rate(Batches * (PutsInBatch + 1), elapsed)}");
    }

    /// <summary>New keys, and away with one that an earlier batch or the table brought.</summary>
    private static void Commit(DemoSession session, FlashStore store, int number)
    {
        using WriteBatch batch = store.CreateBatch();
        for (int index = 0; index < PutsInBatch; index++)
        {
            byte[] key = Encoding.ASCII.GetBytes($"batch:{number}:{index}");
            byte[] value = Encoding.ASCII.GetBytes($"value {index} of batch {number}");
            batch.Put(key, value);
            session.Model[key] = value;
        }

        int position = session.Random.Next(session.Table.Records.Count);
        byte[] victim = session.Table.Records[position].Key;
        batch.Delete(victim);
        session.Model[victim] = null;
        batch.Commit();
    }

    private static void AbandonBatch(FlashStore store)
    {
        using (WriteBatch batch = store.CreateBatch())
        {
            batch.Put("batch:abandoned"u8, "x"u8);
        }

        DemoSession.Check(
            !store.Contains("batch:abandoned"u8), "a batch that is not committed leaves nothing");
    }
}
