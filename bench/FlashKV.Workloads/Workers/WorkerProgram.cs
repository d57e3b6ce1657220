using System.Numerics;
using System.Text.Json;
using FlashKV.Workloads.Harness;
using FlashKV.Workloads.Stores;

namespace FlashKV.Workloads.Workers;

/// <summary>
/// A process that has one store open and does what it is told: so memory, processor time and
/// written bytes are of that store alone, and it can be killed. Requests and replies are lines of
/// JSON; a reply begins with <see cref="Prefix"/>, because libraries print too.
/// </summary>
internal sealed class WorkerProgram(TextReader input, TextWriter output)
{
    public const string Verb = "worker";
    public const string Prefix = "reply ";

    private const int StreamLength = 1 << 22;

    private readonly Dictionary<long, Zipfian> _zipfians = [];
    private StoreSetup _setup = null!;
    private IStore _store = null!;
    private Growth _growth = null!;

    public static int Run(IReadOnlyList<IStoreKind> kinds)
    {
        WorkerProgram program = new(Console.In, Console.Out);
        try
        {
            program.Serve(kinds);
            return 0;
        }
        catch (Exception e)
        {
            program.Reply(new WorkerReply { Error = e.ToString() });
            return 1;
        }
    }

    private void Serve(IReadOnlyList<IStoreKind> kinds)
    {
        WorkerSetup setup = JsonSerializer.Deserialize<WorkerSetup>(input.ReadLine()!)!;
        _setup = setup.Setup;
        _growth = new Growth(_setup.Keys);
        IStoreKind kind = kinds.First(kind => kind.Name == setup.Store);
        Sample opening = Sample.Of(1, () => _store = kind.Open(_setup));
        Reply(Of(opening, []) with
        {
            Settings = _store.Settings,
            IsOrdered = _store.IsOrdered,
        });
        while (input.ReadLine() is { } line)
        {
            WorkerRequest request = JsonSerializer.Deserialize<WorkerRequest>(line)!;
            Reply(Do(request));
            if (request.Do == WorkerTask.Close)
            {
                return;
            }
        }
    }

    private WorkerReply Do(WorkerRequest request) => request.Do switch
    {
        WorkerTask.Load => All(Loaders(request.Threads, isReadingBack: false)),
        WorkerTask.Verify => All(Loaders(request.Threads, isReadingBack: true)),
        WorkerTask.Settle => Once(_store.Settle),
        WorkerTask.Flush => Once(_store.Flush),
        WorkerTask.Close => Once(_store.Dispose),
        _ => RunFor(request),
    };

    private List<WorkThread> Loaders(int threads, bool isReadingBack) =>
    [
        .. Enumerable.Range(0, threads)
            .Select(part => new LoadThread(_setup, part, threads, isReadingBack)),
    ];

    /// <summary>The rate, and then the latencies, for which every operation is timed.</summary>
    private WorkerReply RunFor(WorkerRequest request)
    {
        Mix mix = Mix.Named(request.Mix);
        OperationStream[] streams =
        [
            .. Enumerable.Range(0, request.Threads).Select(part => new OperationStream(
                mix,
                _setup.Keys,
                request.IsZipfian || mix.IsLatest ? ZipfianOf(_setup.Keys) : null,
                (int)BitOperations.RoundUpToPowerOf2((uint)(StreamLength / request.Threads)),
                (request.Seed * 1_000) + part)),
        ];
        WorkerReply reply = request.Seconds == 0
            ? new WorkerReply()
            : All(Make(request, mix, streams, request.Seconds, isTimed: false));
        if (request.TimedSeconds == 0)
        {
            return reply;
        }

        WorkerReply timed = All(Make(request, mix, streams, request.TimedSeconds, isTimed: true));
        return request.Seconds == 0 ? timed : reply with { Latency = timed.Latency };
    }

    private List<WorkThread> Make(
        WorkerRequest request, Mix mix, OperationStream[] streams, double seconds, bool isTimed)
    {
        _growth.Begin(streams.Length);
        return
        [
            .. streams.Select((stream, part) => request.Do == WorkerTask.GetMany
                ? (WorkThread)new ManyThread(_setup, seconds, stream, request.BatchKeys, isTimed)
                : new MixThread(
                    _setup,
                    seconds,
                    stream,
                    _growth,
                    part,
                    streams.Length,
                    mix.IsLatest,
                    isTimed)),
        ];
    }

    private WorkerReply All(List<WorkThread> work)
    {
        GC.Collect();
        long written = ProcessFacts.BytesWritten;
        Sample sample = Sample.Of(() =>
        {
            WorkThread.RunAll(work, _store);
            return work.Sum(one => one.Operations);
        });
        return Of(sample, work) with { BytesWritten = ProcessFacts.BytesWritten - written };
    }

    private static WorkerReply Once(Action work) => Of(Sample.Of(1, work), []);

    private static WorkerReply Of(Sample sample, List<WorkThread> work)
    {
        Latencies latencies = new();
        work.ForEach(one => latencies.Add(one.Latencies));
        return WorkerReply.Of(sample) with
        {
            UserBytesWritten = work.Sum(one => one.UserBytesWritten),
            PeakBytes = ProcessFacts.PeakBytes,
            Latency = latencies.Summarize(),
        };
    }

    private Zipfian ZipfianOf(long keys)
    {
        if (!_zipfians.TryGetValue(keys, out Zipfian? zipfian))
        {
            _zipfians[keys] = zipfian = new Zipfian(keys);
        }

        return zipfian;
    }

    private void Reply(WorkerReply reply)
    {
        output.WriteLine(Prefix + JsonSerializer.Serialize(reply));
        output.Flush();
    }
}
