using System.Text;
using FlashKV.Cli.Text;

namespace FlashKV.Cli.Demo;

/// <summary>Updates some records with longer and shorter values, and deletes others.</summary>
internal sealed class UpdateStep : IDemoStep
{
    private const int UpdateOneOf = 4;
    private const int DeleteOneOf = 10;

    public void Run(DemoSession session)
    {
        using FlashStore store = session.OpenMain();
        Update(session, store);
        Delete(session, store);
        session.CheckAgainstModel(store);
        session.Print("scan", $"{session.Model.Count:N0} records, each as the model says");
    }

    private static void Update(DemoSession session, FlashStore store)
    {
        int count = 0;
        long started = session.Time.GetTimestamp();
        foreach ((byte[] key, byte[] value) in session.Table.Records)
        {
            session.Stop.ThrowIfCancellationRequested();
            if (session.Random.Next(UpdateOneOf) != 0)
            {
                continue;
            }

            byte[] changed = Change(value, session.Random);
            store.Put(key, changed, Durability.Buffered);
            session.Model[key] = changed;
            count++;
        }

        store.Flush();
        TimeSpan elapsed = session.Time.GetElapsedTime(started);
        session.Print("update", $"{count:N0} records: {DemoSession.Rate(count, elapsed)}");
    }

    private static void Delete(DemoSession session, FlashStore store)
    {
        int count = 0;
        foreach ((byte[] key, _) in session.Table.Records)
        {
            session.Stop.ThrowIfCancellationRequested();
            if (session.Random.Next(DeleteOneOf) != 0)
            {
                continue;
            }

            string name = ByteNotation.Escape(key);
            DemoSession.Check(
                store.Delete(key, Durability.Buffered), $"delete of {name} finds the key");
            DemoSession.Check(
                !store.Delete(key, Durability.Buffered), $"delete of {name} finds it only once");
            session.Model[key] = null;
            count++;
        }

        store.Flush();
        session.Print("delete", $"{count:N0} records, and none of them twice");
    }

    private static byte[] Change(byte[] value, Random random) => random.Next(3) switch
    {
        0 => [],
        1 => value[..(value.Length / 2)],
        _ => [.. value, .. Encoding.ASCII.GetBytes(new string('*', random.Next(2_000)))],
    };
}
