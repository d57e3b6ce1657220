using FlashKV.Cli.Text;

namespace FlashKV.Cli.Demo;

/// <summary>Reads every record back, one by one and then many at once.</summary>
internal sealed class ReadStep : IDemoStep
{
    private const int Together = 64;

    public void Run(DemoSession session)
    {
        using FlashStore store = session.OpenMain();
        GetEach(session, store);
        GetMany(session, store);
        DemoSession.Check(!store.Contains("no such key"u8), "a key that was never put is absent");
    }

    private static void GetEach(DemoSession session, FlashStore store)
    {
        byte[] buffer = new byte[4_096];
        long started = session.Time.GetTimestamp();
        foreach ((byte[] key, byte[] value) in session.Table.Records)
        {
            session.Stop.ThrowIfCancellationRequested();
            int length = store.Get(key, buffer);
            DemoSession.Check(
                length == value.Length && buffer.AsSpan(0, length).SequenceEqual(value),
                $"get of {ByteNotation.Escape(key)} gives what was put");
        }

        int count = session.Table.Records.Count;
        TimeSpan elapsed = session.Time.GetElapsedTime(started);
        session.Print(
            "get",
            $"{count:N0} records, each compared: {DemoSession.Rate(count, elapsed)}, "
            + $"{DemoSession.ByteRate(session.Table.Bytes, elapsed)}");
    }

    private static void GetMany(DemoSession session, FlashStore store)
    {
        // The last one of each group is absent.
        byte[] absent = "no such key"u8.ToArray();
        GetManyResult results = new();
        long started = session.Time.GetTimestamp();
        foreach (KeyValuePair<byte[], byte[]>[] group in session.Table.Records.Chunk(Together - 1))
        {
            session.Stop.ThrowIfCancellationRequested();
            ReadOnlyMemory<byte>[] keys = [.. group.Select(record => record.Key), absent];
            int found = store.GetMany(keys, results);
            DemoSession.Check(
                found == group.Length && !results.IsFound(group.Length),
                "get of many finds the keys that are there and no other");
            for (int index = 0; index < group.Length; index++)
            {
                DemoSession.Check(
                    results.IsFound(index) && results[index].SequenceEqual(group[index].Value),
                    $"get of many gives what was put for {ByteNotation.Escape(group[index].Key)}");
            }
        }

        int count = session.Table.Records.Count;
        TimeSpan elapsed = session.Time.GetElapsedTime(started);
        session.Print(
            "get many",
            $"{count:N0} records, {Together} at once, each compared: "
            + $"{DemoSession.Rate(count, elapsed)}");
    }
}
