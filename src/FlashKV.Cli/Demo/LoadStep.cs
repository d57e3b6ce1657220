using FlashKV.Cli.Text;

namespace FlashKV.Cli.Demo;

/// <summary>Puts every record of the table and makes them durable.</summary>
internal sealed class LoadStep : IDemoStep
{
    public void Run(DemoSession session)
    {
        using FlashStore store = session.OpenMain();
        long started = session.Time.GetTimestamp();
        foreach ((byte[] key, byte[] value) in session.Table.Records)
        {
            session.Stop.ThrowIfCancellationRequested();
            store.Put(key, value, Durability.Buffered);
        }

        store.Flush();
        TimeSpan elapsed = session.Time.GetElapsedTime(started);
        foreach ((byte[] key, byte[] value) in session.Table.Records)
        {
            session.Model[key] = value;
        }

        int count = session.Table.Records.Count;
        long keys = store.GetStatistics().Keys;
        DemoSession.Check(keys == count, $"{count:N0} keys are counted (counted: {keys:N0})");
        session.Print(
            "load",
            $"{count:N0} records, {Quantity.Bytes(session.Table.Bytes)}, durable: "
            + $"{DemoSession.Rate(count, elapsed)}, "
            + $"{DemoSession.ByteRate(session.Table.Bytes, elapsed)}");
    }
}
