using FlashKV.Simulation.Model;

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

    private readonly int _seed;
    private readonly SharedStore _shared = new();
    private readonly GroupState[] _states = new GroupState[ConcurrentClient.Groups];
    private ConcurrentClient[] _clients;

    private ConcurrentRun(int seed)
    {
        _seed = seed;
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

    public void Dispose() => _shared.Dispose();

    private ConcurrentClient[] NewClients(int round) =>
        [.. Enumerable.Range(0, Clients).Select(
            client => new ConcurrentClient(_shared.Store, client, (_seed * 1_000) + round))];

    private void Round(int round)
    {
        foreach (ConcurrentClient client in _clients)
        {
            client.Clear();
        }

        using var done = new CancellationTokenSource();
        CancellationToken isDone = done.Token;
        Task disturber = SharedStore.Start(
            () => Disturb(new Random((_seed * 7) + round), isDone));
        const int MostPerGroup = (Linearizability.MaxCalls / Clients) - GroupState.Keys;
        Task clients = Task.WhenAll(Array.ConvertAll(
            _clients,
            client => SharedStore.Start(() => client.Run(CallsPerRound, MostPerGroup))));
        _shared.AwaitEnd(clients, $"Seed {_seed}, round {round}: a client");
        done.Cancel();
        _shared.AwaitEnd(disturber, $"Seed {_seed}, round {round}: what disturbs clients");
        clients.GetAwaiter().GetResult();
        disturber.GetAwaiter().GetResult();
        if (round % 4 == 3)
        {
            _shared.Reopen();
            ConcurrentClient[] before = _clients;
            _clients = NewClients(round + 1);
            Check(round, before, _clients[0]);
        }
        else
        {
            Check(round, _clients, _clients[0]);
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
                    _shared.Store.Flush();
                    break;
                case 1:
                    _shared.Store.CompactAsync(CancellationToken.None)
                        .AsTask().GetAwaiter().GetResult();
                    break;
                case 2:
                    _shared.Adapter.Reset();
                    break;
                case 3:
                    _shared.Store.Core.TryGrow(random.Next(_shared.Store.Core.Shards.Length));
                    break;
                case 4:
                    using (StoreScan scan = _shared.Store.Scan())
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
