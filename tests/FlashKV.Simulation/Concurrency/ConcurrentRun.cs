using FlashKV.Log;
using FlashKV.SimBackend;
using FlashKV.Simulation.Model;
using FlashKV.Superpipe;

namespace FlashKV.Simulation.Concurrency;

/// <summary>
/// Threads that put, get, delete and commit batches at once, while others flush, compact, scan, grow
/// and reset the adapter. What they were answered must be what one thread could have been answered,
/// and a batch must be seen whole. The seed chooses the calls; the system, how they interleave.
/// </summary>
internal sealed class ConcurrentRun : IDisposable
{
    private const int Clients = 4;
    private const int CallsPerRound = 120;
    private const int Chunks = 12;

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    private readonly int _seed;
    private readonly string _directory;
    private readonly MemoryMedium _medium = new((long)Chunks * LogGeometry.ChunkBlocks);
    private readonly SimulatedAdapter _adapter;
    private readonly SuperpipeDevice _device;
    private readonly GroupState[] _states = new GroupState[ConcurrentClient.Groups];
    private FlashStore _store;
    private ConcurrentClient[] _clients;
    private bool _isHanging;

    private ConcurrentRun(int seed)
    {
        _seed = seed;
        _directory = Machines.Machine.NewDirectory();
        _adapter = new SimulatedAdapter(_medium);
        _device = SuperpipeDevice.Open(_adapter.Transport, _adapter.DevicePaths[0]);
        _store = Open();
        _clients = NewClients(0);
    }

    /// <summary>How many calls were checked.</summary>
    public long Calls { get; private set; }

    /// <summary>Runs rounds; between them a closing and an opening.</summary>
    /// <returns>How many calls were checked.</returns>
    /// <exception cref="ModelException">There is no order that explains the answers.</exception>
    public static long Run(int seed, int rounds)
    {
        using var run = new ConcurrentRun(seed);
        for (int round = 0; round < rounds; round++)
        {
            run.Round(round);
        }

        return run.Calls;
    }

    public void Dispose()
    {
        if (_isHanging)
        {
            return; // Closing waits for operations that have not ended, and would hang too.
        }

        _store.Dispose();
        _device.Dispose();
        _adapter.Dispose();
        _medium.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private FlashStore Open() => FlashStore.Open(_device, _directory, new FlashStoreOptions
    {
        Shards = 4,
        SegmentBytes = 256 << 10,
        MemoryBudget = FlashStoreOptions.MinMemoryBudget,
        SpaceAmplification = 1.1,
        FlushInterval = TimeSpan.FromMilliseconds(1),
    });

    private ConcurrentClient[] NewClients(int round) =>
        [.. Enumerable.Range(0, Clients).Select(
            client => new ConcurrentClient(_store, client, (_seed * 1_000) + round))];

    private void Round(int round)
    {
        foreach (ConcurrentClient client in _clients)
        {
            client.Clear();
        }

        using var done = new CancellationTokenSource();
        Task disturber = Task.Factory.StartNew(
            () => Disturb(new Random((_seed * 7) + round), done.Token),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        const int MostPerGroup = (Linearizability.MaxCalls / Clients) - GroupState.Keys;
        Task clients = Task.WhenAll(Array.ConvertAll(_clients, client => Task.Factory.StartNew(
            () => client.Run(CallsPerRound, MostPerGroup),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        AwaitEnd(clients, round, "A client");
        done.Cancel();
        AwaitEnd(disturber, round, "What disturbs the clients");
        clients.GetAwaiter().GetResult();
        disturber.GetAwaiter().GetResult();
        if (round % 4 == 3)
        {
            _store.Dispose();
            _store = Open();
            ConcurrentClient[] before = _clients;
            _clients = NewClients(round + 1);
            Check(round, before, _clients[0]);
        }
        else
        {
            Check(round, _clients, _clients[0]);
        }
    }

    private void AwaitEnd(Task task, int round, string what)
    {
        if (Task.WaitAny([task], s_limit) < 0)
        {
            _isHanging = true;
            throw new ModelException($"Seed {_seed}, round {round}: {what} hangs.");
        }
    }

    // What happens beside clients, in any order.
    private void Disturb(Random random, CancellationToken done)
    {
        while (!done.IsCancellationRequested)
        {
            switch (random.Next(6))
            {
                case 0:
                    _store.Flush();
                    break;
                case 1:
                    _store.CompactAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
                    break;
                case 2:
                    _adapter.Reset();
                    break;
                case 3:
                    _store.Core.TryGrow(random.Next(_store.Core.Shards.Length));
                    break;
                case 4:
                    using (StoreScan scan = _store.Scan())
                    {
                        for (int i = 0; i < 50 && scan.MoveNext(); i++)
                        {
                            // A scan pins segments; what it sees, other tests compare.
                        }
                    }

                    break;
                default:
                    done.WaitHandle.WaitOne(random.Next(3));
                    break;
            }
        }
    }

    private void Check(int round, ConcurrentClient[] clients, ConcurrentClient reader)
    {
        for (int group = 0; group < _states.Length; group++)
        {
            Call[] last = [.. reader.ReadAll(group)];
            Call[] calls =
                [.. clients.SelectMany(client => client.CallsOn(group)), .. last];
            Calls += calls.Length;
            if (!Linearizability.Holds(_states[group], calls))
            {
                throw new ModelException(
                    $"Seed {_seed}, round {round}, group {group}: no order of the calls explains "
                    + $"the answers, beginning with {_states[group]}:\n  "
                    + string.Join("\n  ", calls.OrderBy(static call => call.Begun)));
            }

            _states[group] = new GroupState(last[0].Answer, last[1].Answer, last[2].Answer);
        }
    }
}
