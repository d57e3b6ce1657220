using FlashKV.Workloads.Device;
using FlashKV.Workloads.Stores;
using FlashKV.Workloads.Workers;

namespace FlashKV.Workloads.Comparing;

/// <summary>
/// The ceiling of what is on disk: fio reads blocks of 4 KiB of a file of the same size on the same
/// disk, as many at once as the stores are asked for.
/// </summary>
internal sealed class FioEntrant(Fio fio, long bytes) : IEntrant
{
    public string Name => BareKind.CeilingName;

    public DurabilityClass Durability => DurabilityClass.MemoryOnly;

    public WorkerReply Do(WorkerRequest request) => WorkerReply.Of(fio.ReadRandom(
        bytes, Math.Max(request.Threads, request.BatchKeys), Math.Max(request.Seconds, 0.1)));
}
