using FlashKV.SimBackend.Afu;

namespace FlashKV.SimBackend.Tests;

/// <summary>
/// An adapter over memory media, or over media that the test owns, with what most tests need.
/// </summary>
internal sealed class SimulatedAdapterFixture : IDisposable
{
    internal const int ChunkBlocks = 65_536;

    private readonly List<TestClient> _clients = [];

    internal SimulatedAdapterFixture(
        SubmissionMode mode = SubmissionMode.CommandRooms,
        int chunks = 8,
        int luns = 1,
        int rooms = 512,
        int contexts = 508,
        bool reportsResets = false,
        int ports = 2,
        ClientMemory memory = default,
        IReadOnlyList<Medium>? media = null,
        int handles = 256,
        OriginalDefects defects = OriginalDefects.None,
        TimeProvider? time = null)
    {
        Memory = memory;
        Media = media is not null ? [] : [.. Enumerable.Range(0, luns).Select(
            _ => new MemoryMedium(((long)chunks * ChunkBlocks) + 7))];
        Adapter = new SimulatedAdapter(new SimulatedAdapterOptions
        {
            Luns = [.. (media ?? Media).Select(medium => new SimulatedLunOptions(medium))],
            SubmissionMode = mode,
            CommandRooms = rooms,
            ContextCount = contexts,
            ReportsResets = reportsResets,
            PortCount = ports,
            HandlesPerContext = handles,
            Defects = defects,
            TimeProvider = time ?? TimeProvider.System,
        });
    }

    /// <summary>Where the AFU finds the memory of the clients.</summary>
    internal ClientMemory Memory { get; }

    internal MemoryMedium[] Media { get; }

    internal SimulatedAdapter Adapter { get; }

    internal AlignedMemory Data { get; } = new(64);

    internal TestClient Client(int process = 100, int parent = 1, string path = "/dev/sg0")
    {
        TestClient client = new(Adapter, process, parent, path, memory: Memory);
        _clients.Add(client);
        return client;
    }

    internal bool Owns(TestClient client) => _clients.Contains(client);

    internal TestClient Attached(int process = 100) => Client(process).Attach();

    public void Dispose()
    {
        Adapter.Dispose();
        _clients.ForEach(client => client.Dispose());
        Array.ForEach(Media, medium => medium.Dispose());
        Data.Dispose();
    }
}
