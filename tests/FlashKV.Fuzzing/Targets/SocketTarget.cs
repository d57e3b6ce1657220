using FlashKV.SimBackend;
using FlashKV.SimBackend.Sharing;
using FlashKV.Simulation.Fuzzing;
using FlashKV.Superpipe;

namespace FlashKV.Fuzzing.Targets;

/// <summary>
/// Messages of the adapter protocol, valid ones that were changed, through the socket of a server.
/// Another client must be served as before, and what ended must leave nothing.
/// </summary>
internal sealed class SocketTarget : IFuzzTarget
{
    private const int ChunkBlocks = 65_536;
    private const int FirstSeeds = 60;
    private const int SeedBytes = 64;
    private const int TimeoutMilliseconds = 60_000;

    private readonly GuardedMemory _memory = new();
    private int _number;

    /// <inheritdoc/>
    public string Name => "socket";

    /// <inheritdoc/>
    public IReadOnlyList<byte[]> Seeds { get; } = [.. Enumerable.Range(1, FirstSeeds).Select(
        static seed =>
        {
            byte[] input = new byte[SeedBytes];
            new Random(seed).NextBytes(input);
            return input;
        })];

    /// <inheritdoc/>
    public long MostManagedBytes => 32L << 20;

    /// <inheritdoc/>
    public void Run(ReadOnlyMemory<byte> input)
    {
        var choices = new ChoiceBytes(input);
        using var medium = new MemoryMedium(4 * ChunkBlocks);
        using var host = new SimulatedHost(new SimulatedHostOptions
        {
            Adapters = [new SimulatedAdapterOptions
            {
                Luns = [new SimulatedLunOptions(medium)],
                SubmissionMode = (SubmissionMode)choices.Next(2),
                ContextCount = 8,
            }],
        });
        using AdapterServer server = AdapterServer.Start(
            host, $"@flashkv-fuzzing-{Environment.ProcessId}-{_number++}");
        using (var client = new FuzzedClient(server.SocketPath, _memory, choices))
        {
            client.Run();
            FuzzFailure.Unless(IsServed(server.SocketPath), "another client is not served");
        }

        Await(() => server.ConnectionCount == 0, "A connection");
        Await(() => server.OpenFileCount == 0, "A descriptor");
    }

    public void Dispose() => _memory.Dispose();

    private static bool IsServed(string path)
    {
        if (ClientConnection.Open(path, out ClientConnection? connection) != Errno.None)
        {
            return false;
        }

        using (connection)
        {
            return connection!.Call(connection.Begin(MessageType.List), out MessageReader reply)
                == Errno.None && reply.Take32() > 0;
        }
    }

    private static void Await(Func<bool> condition, string what) => FuzzFailure.Unless(
        SpinWait.SpinUntil(condition, TimeoutMilliseconds), $"{what} stays for ever");
}
