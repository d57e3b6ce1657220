using FlashKV.SimBackend;
using FlashKV.Superpipe;
using FlashKV.Workloads.Harness;
using FlashKV.Workloads.Workers;

namespace FlashKV.Workloads.Resets;

/// <summary>An adapter with one context and one virtual LUN, and threads that load it.</summary>
internal sealed class LoadRig : IDisposable
{
    public const int ThreadCount = 4;

    /// <summary>The blocks of the medium: one chunk.</summary>
    public const int BlockCount = 1 << 16;

    private readonly SimulatedAdapter _adapter;
    private readonly SuperpipeDevice _device;
    private readonly SuperpipeContext _context;
    private readonly VirtualLun _lun;

    public LoadRig(Medium medium)
    {
        _adapter = new SimulatedAdapter(medium);
        _device = SuperpipeDevice.Open(_adapter.Transport, _adapter.DevicePaths[0]);
        _context = _device.Attach(new AttachOptions
        {
            RetryDelay = TimeSpan.FromMilliseconds(1),
        });
        _lun = _context.OpenVirtualLun(BlockCount);
    }

    public ContextStatistics Statistics => _context.GetStatistics();

    public long CountRetries(RetryReason reason) => _context.CountRetries(reason);

    /// <summary>Runs the load beside a disturbance.</summary>
    /// <exception cref="InvalidOperationException">A block was wrong.</exception>
    public LoadResult Run(TimeSpan duration, IDisturbance disturbance)
    {
        LoadThread[] threads =
            [.. Enumerable.Range(0, ThreadCount).Select(number => new LoadThread(_lun, number))];
        try
        {
            Array.ForEach(threads, thread => thread.WriteAll());
            Array.ForEach(threads, thread => thread.Start());
            Sample sample = Sample.Of(1, () =>
            {
                disturbance.Run(_adapter, duration);
                Array.ForEach(threads, thread => thread.Stop());
            });
            Latencies latencies = new();
            Array.ForEach(threads, thread => latencies.Add(thread.Latencies));
            LoadResult result = new(
                sample with { Operations = threads.Sum(thread => thread.Blocks) },
                threads.Max(thread => thread.Longest),
                latencies.Summarize(),
                disturbance.Count);
            Array.ForEach(threads, thread => thread.VerifyAll());
            return result;
        }
        finally
        {
            Array.ForEach(threads, thread => thread.Dispose());
        }
    }

    public void Dispose()
    {
        _lun.Dispose();
        _context.Dispose();
        _device.Dispose();
        _adapter.Dispose();
    }
}
