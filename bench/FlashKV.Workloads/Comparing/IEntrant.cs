using FlashKV.Workloads.Stores;
using FlashKV.Workloads.Workers;

namespace FlashKV.Workloads.Comparing;

/// <summary>What takes part in a comparison.</summary>
internal interface IEntrant
{
    string Name { get; }

    DurabilityClass Durability { get; }

    /// <summary>Does its part.</summary>
    WorkerReply Do(WorkerRequest request);
}
