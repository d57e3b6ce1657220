using System.Diagnostics;
using FlashKV.Workloads.Stores;

namespace FlashKV.Workloads.Workers;

/// <summary>Runs operations of a mix until the time is over.</summary>
/// <param name="setup">The records.</param>
/// <param name="seconds">When to stop.</param>
/// <param name="stream">The operations.</param>
/// <param name="growth">The records inserted since the load.</param>
/// <param name="part">Which thread this is.</param>
/// <param name="parts">How many there are.</param>
/// <param name="isLatest">Whether the numbers of reads count back from the newest.</param>
/// <param name="isTimed">Whether each operation is timed.</param>
internal sealed class MixThread(
    StoreSetup setup,
    double seconds,
    OperationStream stream,
    Growth growth,
    int part,
    int parts,
    bool isLatest,
    bool isTimed) : WorkThread(setup, seconds)
{
    private const int WholeCheckEvery = 64;
    private const int LongestScan = 100;
    private const long MissingNumbers = 1L << 40;

    private long _version = ((long)part << 56) + Stopwatch.GetTimestamp();
    private int _scanned;

    protected override void Run(IStoreSession session)
    {
        long last = Stopwatch.GetTimestamp();
        do
        {
            for (int i = 0; i < OperationsPerLook; i++)
            {
                Do(session);
                if (isTimed)
                {
                    long now = Stopwatch.GetTimestamp();
                    Noted(last, now);
                    last = now;
                    if (IsOver(now))
                    {
                        break;
                    }
                }
            }

            last = Stopwatch.GetTimestamp();
        }
        while (!IsOver(last));
    }

    private void Do(IStoreSession session)
    {
        Operation kind = stream.Next(out long number);
        switch (kind)
        {
            case Operation.Read:
                Read(session, isLatest ? growth.Latest(part, number) : number);
                break;
            case Operation.Update:
                Write(session, number);
                break;
            case Operation.Insert:
                Write(session, growth.Next(part));
                growth.Added(part);
                break;
            case Operation.Modify:
                Modify(session, number);
                break;
            case Operation.Scan:
                Scan(session, number);
                break;
            case Operation.Delete:
                DeleteAndPutBack(session, number);
                break;
            default:
                Miss(session, number);
                break;
        }

        Operations++;
    }

    private void Read(IStoreSession session, long number)
    {
        Payload.WriteKey(Key, number);
        int length = session.Get(Key, Found);
        Check(length, number);
    }

    private void Check(int length, long number)
    {
        ReadOnlySpan<byte> value = Found.AsSpan(0, Math.Max(length, 0));
        if (Operations % WholeCheckEvery == 0)
        {
            Payload.CheckWhole(value, Setup.ValueBytes, number);
        }
        else
        {
            Payload.Check(value, Setup.ValueBytes, number);
        }
    }

    private void Write(IStoreSession session, long number)
    {
        Payload.WriteKey(Key, number);
        Payload.Stamp(Value, number, ++_version);
        session.Put(Key, Value);
        UserBytesWritten += Key.Length + Value.Length;
    }

    private void Modify(IStoreSession session, long number)
    {
        Payload.WriteKey(Key, number);
        Payload.Stamp(Value, number, ++_version);
        Check(session.Modify(Key, Value, Found), number);
        UserBytesWritten += Key.Length + Value.Length;
    }

    private void Scan(IStoreSession session, long number)
    {
        Payload.WriteKey(Key, number);
        int count = 1 + (int)(Payload.Mix((ulong)Operations) % LongestScan);
        _scanned = 0;
        int seen = session.Scan(Key, count, Visit);
        if (seen != _scanned || seen > count || seen == 0)
        {
            throw new InvalidOperationException($"A scan of {count} gave {seen} records.");
        }
    }

    private void Visit(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Payload.Check(value, Setup.ValueBytes, Payload.NumberOf(key));
        _scanned++;
    }

    private void DeleteAndPutBack(IStoreSession session, long number)
    {
        // Each thread deletes what no other does.
        number = (Math.Min(number, Setup.Keys - parts) / parts * parts) + part;
        Payload.WriteKey(Key, number);
        session.Delete(Key);
        if (Operations % WholeCheckEvery == 0 && session.Get(Key, Found) >= 0)
        {
            throw new InvalidOperationException($"Record {number} was deleted and is there.");
        }

        Write(session, number);
    }

    private void Miss(IStoreSession session, long number)
    {
        Payload.WriteKey(Key, number + MissingNumbers);
        if (session.Get(Key, Found) >= 0)
        {
            throw new InvalidOperationException($"Record {number} is there and never was.");
        }
    }
}
