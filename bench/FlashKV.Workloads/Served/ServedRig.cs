using FlashKV.SimBackend;
using FlashKV.Superpipe;
using FlashKV.Workloads.Rooms;

namespace FlashKV.Workloads.Served;

/// <summary>
/// A served adapter and a client of it. Both are in this process, so that its processor time is
/// that of both; they know each other by the socket alone.
/// </summary>
internal sealed class ServedRig : IDisposable
{
    private readonly SimulatedHost _host;
    private readonly AdapterServer _server;
    private readonly SharedAdapterTransport _transport;
    private readonly SuperpipeDevice _device;

    public ServedRig(Medium medium, SubmissionMode mode, SharedRegisterAccess registers)
    {
        _host = new SimulatedHost(new SimulatedHostOptions
        {
            Adapters =
            [
                new SimulatedAdapterOptions
                {
                    Luns = [new SimulatedLunOptions(medium)],
                    SubmissionMode = mode,
                },
            ],
        });
        string socket = $"@flashkv-served-{Environment.ProcessId}-{mode}-{registers}";
        _server = AdapterServer.Start(_host, socket);
        _transport = SharedAdapterTransport.Connect(socket, registers);
        _device = SuperpipeDevice.Open(_transport, "/dev/sg0");
        Client = new RoomsClient(_device, seed: 1);
    }

    public RoomsClient Client { get; }

    public void Dispose()
    {
        Client.Dispose();
        _device.Dispose();
        _transport.Dispose();
        _server.Dispose();
        _host.Dispose();
    }
}
