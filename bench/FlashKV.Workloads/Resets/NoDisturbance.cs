using FlashKV.SimBackend;

namespace FlashKV.Workloads.Resets;

/// <summary>Nothing: what the others are compared with.</summary>
internal sealed class NoDisturbance : IDisturbance
{
    public long Count => 0;

    public void Run(SimulatedAdapter adapter, TimeSpan duration)
    {
        using ManualResetEventSlim never = new();
        never.Wait(duration);
    }
}
