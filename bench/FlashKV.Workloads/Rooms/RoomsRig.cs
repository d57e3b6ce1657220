using FlashKV.SimBackend;
using FlashKV.Superpipe;

namespace FlashKV.Workloads.Rooms;

/// <summary>An adapter and two contexts on it, each with a virtual LUN and a thread's work.</summary>
internal sealed class RoomsRig : IDisposable
{
    private readonly SimulatedAdapter _adapter;
    private readonly SuperpipeDevice _device;

    public RoomsRig(Medium medium, SubmissionMode mode)
    {
        _adapter = new SimulatedAdapter(new SimulatedAdapterOptions
        {
            Luns = [new SimulatedLunOptions(medium)],
            SubmissionMode = mode,
        });
        _device = SuperpipeDevice.Open(_adapter.Transport, _adapter.DevicePaths[0]);
        Clients = [new RoomsClient(_device, seed: 1), new RoomsClient(_device, seed: 2)];
    }

    public RoomsClient[] Clients { get; }

    public void Dispose()
    {
        Array.ForEach(Clients, client => client.Dispose());
        _device.Dispose();
        _adapter.Dispose();
    }
}
