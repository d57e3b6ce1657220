using FlashKV.Log;
using FlashKV.SimBackend;
using FlashKV.Simulation.Model;
using FlashKV.Superpipe;

namespace FlashKV.Simulation.Concurrency;

/// <summary>
/// A store on an adapter with a medium in memory, small enough that a few threads make it seal, grow
/// and compact, with its background threads; and the threads that use it.
/// </summary>
internal sealed class SharedStore : IDisposable
{
    private const int Chunks = 12;

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    private readonly string _directory = Machines.Machine.NewDirectory();
    private readonly MemoryMedium _medium = new((long)Chunks * LogGeometry.ChunkBlocks);
    private readonly SuperpipeDevice _device;
    private bool _isHanging;

    public SharedStore()
    {
        Adapter = new SimulatedAdapter(_medium);
        _device = SuperpipeDevice.Open(Adapter.Transport, Adapter.DevicePaths[0]);
        Store = Open();
    }

    public SimulatedAdapter Adapter { get; }

    public FlashStore Store { get; private set; }

    /// <summary>Starts a thread.</summary>
    public static Task Start(Action run) => Task.Factory.StartNew(
        run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Closes the store and opens it.</summary>
    public void Reopen()
    {
        Store.Dispose();
        Store = Open();
    }

    /// <summary>Waits until a thread has ended, well or not.</summary>
    /// <exception cref="ModelException">It hangs.</exception>
    public void AwaitEnd(Task task, string what)
    {
        if (Task.WaitAny([task], s_limit) < 0)
        {
            _isHanging = true;
            throw new ModelException($"{what} hangs.");
        }
    }

    public void Dispose()
    {
        if (_isHanging)
        {
            return; // Closing waits for operations that have not ended, and would hang too.
        }

        Store.Dispose();
        _device.Dispose();
        Adapter.Dispose();
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
}
