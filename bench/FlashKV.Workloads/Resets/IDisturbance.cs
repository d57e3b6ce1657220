using FlashKV.SimBackend;

namespace FlashKV.Workloads.Resets;

/// <summary>What is done to the adapter while the load runs.</summary>
internal interface IDisturbance
{
    /// <summary>How often something was done.</summary>
    long Count { get; }

    /// <summary>Disturbs until the load has run for as long as it should.</summary>
    /// <param name="adapter">The adapter.</param>
    /// <param name="duration">How long.</param>
    void Run(SimulatedAdapter adapter, TimeSpan duration);
}
