using System.Diagnostics;
using FlashKV.Workloads.Stores;

namespace FlashKV.Workloads.Workers;

/// <summary>Gets many records at once until the time is over. A key is an operation.</summary>
internal sealed class ManyThread(
    StoreSetup setup, double seconds, OperationStream stream, int batchKeys, bool isTimed)
    : WorkThread(setup, seconds)
{
    private const int WholeCheckEvery = 64;

    private readonly KeyBatch _keys = new(batchKeys, setup.KeyBytes);
    private readonly long[] _numbers = new long[batchKeys];

    protected override void Run(IStoreSession session)
    {
        long last = Stopwatch.GetTimestamp();
        do
        {
            Get(session);
            long now = Stopwatch.GetTimestamp();
            if (isTimed)
            {
                Noted(last, now);
            }

            last = now;
        }
        while (!IsOver(last));
    }

    private void Get(IStoreSession session)
    {
        for (int i = 0; i < _keys.Count; i++)
        {
            _ = stream.Next(out _numbers[i]);
            Payload.WriteKey(_keys[i], _numbers[i]);
        }

        if (session.GetMany(_keys) != _keys.Count)
        {
            throw new InvalidOperationException("A record of many is not there.");
        }

        for (int i = 0; i < _keys.Count; i++)
        {
            Payload.Check(session.ValueAt(i), Setup.ValueBytes, _numbers[i]);
        }

        int whole = (int)(Operations / _keys.Count) % WholeCheckEvery % _keys.Count;
        Payload.CheckWhole(session.ValueAt(whole), Setup.ValueBytes, _numbers[whole]);
        Operations += _keys.Count;
    }
}
