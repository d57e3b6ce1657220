using System.Diagnostics;
using FlashKV.SimBackend;

namespace FlashKV.Workloads.Resets;

/// <summary>
/// Lets about one command in a thousand fail, in turn in each way that is worth another try. Looks
/// at each millisecond how many commands have passed, and spreads as many faults over the next.
/// </summary>
internal sealed class FaultDisturbance(int seed) : IDisturbance
{
    private const int Interval = 1000;
    private const int MostAtOnce = 16;

    private static readonly CommandFault[] s_faults =
    [
        CommandFault.Busy,
        CommandFault.QueueFull,
        CommandFault.OutOfDataBuffers,
        CommandFault.ExchangeTimeout,
        CommandFault.LinkDown,
    ];

    private static readonly byte[] s_attentions = [0x29, 0x2A, 0x3F];

    public long Count { get; private set; }

    public void Run(SimulatedAdapter adapter, TimeSpan duration)
    {
        Random random = new(seed);
        using ManualResetEventSlim never = new();
        long start = Stopwatch.GetTimestamp();
        long injected = 0;
        while (Stopwatch.GetElapsedTime(start) < duration)
        {
            never.Wait(1);
            long due = (adapter.GetStatistics().Commands / Interval) - injected;
            for (long i = 0; i < Math.Min(due, MostAtOnce); i++)
            {
                Inject(adapter, random);
            }

            injected += due;
        }

        adapter.ClearFaults();
    }

    private void Inject(SimulatedAdapter adapter, Random random)
    {
        const byte ReportedLunsChanged = 0x0E;
        int kind = random.Next(s_faults.Length + 1);
        if (kind < s_faults.Length)
        {
            adapter.InjectFault(s_faults[kind], random.Next(Interval));
        }
        else
        {
            byte asc = s_attentions[random.Next(s_attentions.Length)];
            adapter.InjectUnitAttention(0, asc, asc == 0x3F ? ReportedLunsChanged : (byte)0);
        }

        Count++;
    }
}
