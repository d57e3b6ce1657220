using FlashKV.Workloads.Stores;

namespace FlashKV.Workloads.Workers;

/// <summary>The first line that a worker gets.</summary>
/// <param name="Store">The store's name.</param>
/// <param name="Setup">What it is opened for.</param>
internal sealed record class WorkerSetup(string Store, StoreSetup Setup);
