using System.Diagnostics;
using FlashKV.Workloads.Stores;

namespace FlashKV.Workloads.Workers;

/// <summary>Puts every n-th record, or reads it back whole.</summary>
internal sealed class LoadThread(StoreSetup setup, int part, int parts, bool isReadingBack)
    : WorkThread(setup, double.PositiveInfinity)
{
    protected override void Run(IStoreSession session)
    {
        long last = Stopwatch.GetTimestamp();
        for (long number = part; number < Setup.Keys; number += parts)
        {
            Payload.WriteKey(Key, number);
            if (isReadingBack)
            {
                int length = session.Get(Key, Found);
                Payload.CheckWhole(
                    Found.AsSpan(0, Math.Max(length, 0)), Setup.ValueBytes, number);
            }
            else
            {
                Payload.Stamp(Value, number, version: 0);
                session.Put(Key, Value);
                UserBytesWritten += Key.Length + Value.Length;
            }

            Operations++;
            long now = Stopwatch.GetTimestamp();
            Noted(last, now);
            last = now;
        }
    }
}
