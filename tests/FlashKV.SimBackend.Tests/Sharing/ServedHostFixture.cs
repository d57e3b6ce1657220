using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Tests.Sharing;

/// <summary>Adapters over memory media that are served at a socket, and clients of them.</summary>
internal sealed class ServedHostFixture : IDisposable
{
    internal const int ChunkBlocks = 65_536;

    private const int TimeoutMilliseconds = 60_000;

    private readonly TemporaryDirectory _directory = new();
    private readonly List<IDisposable> _clients = [];

    internal ServedHostFixture(
        SubmissionMode mode = SubmissionMode.CommandRooms,
        SharedRegisterAccess access = SharedRegisterAccess.Messages,
        int adapters = 1,
        int chunks = 8,
        int rooms = 512)
    {
        Mode = mode;
        Access = access;
        Medium = new MemoryMedium(((long)chunks * ChunkBlocks) + 7);
        Host = new SimulatedHost(new SimulatedHostOptions
        {
            Adapters = [.. Enumerable.Range(0, adapters).Select(_ => new SimulatedAdapterOptions
            {
                Luns = [new SimulatedLunOptions(Medium)],
                SubmissionMode = mode,
                CommandRooms = rooms,
                ReportsResets = false,
            })],
        });
        SocketPath = _directory.File("adapter");
        Server = AdapterServer.Start(Host, SocketPath);
    }

    internal SubmissionMode Mode { get; }

    internal SharedRegisterAccess Access { get; }

    internal MemoryMedium Medium { get; }

    internal SimulatedHost Host { get; }

    internal SimulatedAdapter Adapter => Host.Adapters[0];

    internal AdapterDriver Driver => Adapter.Driver;

    internal AdapterServer Server { get; }

    internal string SocketPath { get; }

    internal AlignedMemory Data { get; } = new(64);

    internal SharedAdapterTransport Transport()
    {
        SharedAdapterTransport transport = SharedAdapterTransport.Connect(SocketPath, Access);
        _clients.Add(transport);
        return transport;
    }

    internal TestClient Client(
        string path = "/dev/sg0", DeviceAccess access = DeviceAccess.ReadWrite)
    {
        TestClient client = new(new SocketTransport(Transport()), Mode, path, access);
        _clients.Add(client);
        return client;
    }

    internal TestClient Attached() => Client().Attach();

    /// <summary>Ends the clients as a process ends: nothing is closed in good order.</summary>
    internal void CloseClients()
    {
        _clients.ForEach(client => client.Dispose());
        _clients.Clear();
    }

    /// <summary>Waits until clients that have gone have left nothing.</summary>
    internal void WaitUntilNothingIsHeld()
    {
        WaitUntil(() => Server.ConnectionCount == 0, "connections");
        WaitUntil(() => Driver.ContextCount == 0, "contexts");
        WaitUntil(() => Server.OpenFileCount == 0, "descriptors");
        Assert.Equal(0, Driver.HandleCount);
        Assert.Null(Driver.ChunksOf(0));
    }

    internal static void WaitUntil(Func<bool> condition, string what) => Assert.True(
        SpinWait.SpinUntil(condition, TimeoutMilliseconds), $"{what}: waited in vain");

    public void Dispose()
    {
        CloseClients();
        Server.Dispose();
        Host.Dispose();
        Medium.Dispose();
        Data.Dispose();
        _directory.Dispose();
    }
}
