using FlashKV.Log;
using FlashKV.Salvage;
using FlashKV.SimBackend;
using FlashKV.SimBackend.Driver;
using FlashKV.Simulation.Disks;
using FlashKV.Superpipe;

namespace FlashKV.Simulation.Machines;

/// <summary>
/// A machine with one store: a disk, the simulated adapter over it, a directory for staging, and the
/// process that has the store open. Everything runs on the thread that calls.
/// </summary>
internal sealed class Machine : IDisposable
{
    private const string StagingName = "staging";
    private const string IdentityName = "STORE";

    private static readonly FixedTime s_time = new();

    private readonly MachineOptions _options;
    private readonly string _directory;
    private int _lastProcess = Environment.ProcessId;
    private StagingImage? _lastStaging;
    private SimulatedAdapter? _adapter;
    private SuperpipeDevice? _device;
    private FlashStore? _store;

    public Machine(MachineOptions options, Disk disk)
    {
        _options = options;
        _directory = NewDirectory();
        Medium = NewMedium(disk);
    }

    public DiskMedium Medium { get; private set; }

    public MachineOptions Options => _options;

    public FlashStore Store =>
        _store ?? throw new InvalidOperationException("No process has the store open.");

    public bool IsOpen => _store is not null;

    public SimulatedAdapter Adapter =>
        _adapter ?? throw new InvalidOperationException("The machine is off.");

    /// <summary>Whether the directory says that the store was created to the end.</summary>
    public bool HasIdentity => File.Exists(Path.Combine(_directory, IdentityName));

    private string StagingPath => Path.Combine(_directory, StagingName);

    /// <summary>Starts a process that opens the store.</summary>
    public void Open()
    {
        _adapter = new SimulatedAdapter(new SimulatedAdapterOptions
        {
            Luns = [new SimulatedLunOptions(Medium)],
            ContextCount = 8,
            CommandRooms = 64,
        });
        try
        {
            _device = SuperpipeDevice.Open(_adapter.Transport, _adapter.DevicePaths[0]);
            _store = FlashStore.Open(_device, _directory, NewStoreOptions());
        }
        catch
        {
            LetGo();
            throw;
        }
    }

    /// <summary>
    /// How a process opens the store, its clones, and what is restored of it on a disk as large.
    /// </summary>
    public FlashStoreOptions NewStoreOptions() => new()
    {
        Shards = _options.Shards,
        SegmentBytes = _options.SegmentBytes,
        Capacity = _options.Chunks * LogGeometry.ChunkBytes,
        MemoryBudget = FlashStoreOptions.MinMemoryBudget,
        HashMask = _options.HashMask,
        BackgroundThread = false,
        Seed = _options.StoreSeed,
        TimeProvider = s_time,
        Attachment = new AttachOptions
        {
            CommandBlocks = 64,
            RetryDelay = TimeSpan.Zero,
            Clock = new VirtualClock(),
        },
    };

    /// <summary>Opens the device in another process, which the one of the store has started.</summary>
    public SuperpipeDevice OpenInChild() => SuperpipeDevice.Open(
        Adapter.TransportFor(new Caller(++_lastProcess, Environment.ProcessId)),
        Adapter.DevicePaths[0]);

    /// <summary>The clones of chunks that the driver counts.</summary>
    public int CountClonedChunks() => Adapter.Driver.ChunksOf(0)!.CloneCount;

    /// <summary>Closes the store in order.</summary>
    public void Close()
    {
        try
        {
            _store?.Dispose();
        }
        finally
        {
            _store = null;
            LetGo();
        }
    }

    /// <summary>Salvages what is on the disk and in staging, without a process.</summary>
    /// <param name="unreadable">A block that cannot be read; -1 for none.</param>
    /// <param name="put">Gets each key with its value.</param>
    public SalvageReport Salvage(
        long unreadable, Action<ReadOnlySpan<byte>, ReadOnlySpan<byte>> put)
    {
        using var blocks = new DiskBlockSource(Medium.Disk, Medium.BlockCount, unreadable);
        SourceSurvey survey = SourceSurvey.Of(blocks, _directory);
        using StagedSegments staged = StagedSegments.Open(StagingPath, survey);
        var salvager = new Salvager(blocks, survey, staged, null, CancellationToken.None);
        SalvageReport report = salvager.Judge(_options.HashMask);
        salvager.Copy(put);
        return report;
    }

    /// <summary>What a process that died now would leave in staging.</summary>
    public StagingImage? CopyStaging() =>
        _lastStaging = StagingImage.Read(StagingPath, _lastStaging);

    /// <summary>
    /// Puts the machine in the state that a crash left: the process is gone without a word, and disk
    /// and staging are as given.
    /// </summary>
    public void Become(Disk disk, StagingImage? staging, bool hasIdentity)
    {
        Kill();
        Medium.Dispose();
        Medium = NewMedium(disk);
        _lastStaging = null;
        if (staging is null)
        {
            File.Delete(StagingPath);
        }
        else
        {
            staging.Write(StagingPath);
        }

        if (!hasIdentity)
        {
            File.Delete(Path.Combine(_directory, IdentityName));
        }
        else if (!HasIdentity)
        {
            File.WriteAllText(
                Path.Combine(_directory, IdentityName),
                $"FlashKV store, format {FormatVersion.Current}\n");
        }
    }

    /// <summary>Ends the process; nothing more of it reaches the disk.</summary>
    public void Kill()
    {
        Medium.Changing = null;
        Medium.Fault = null;
        Medium.IsOff = true;
        Step.Observer = null;
        try
        {
            Close();
        }
        catch (FlashStoreException)
        {
            // The disk is off, so its last flush failed: nobody hears of it.
        }
    }

    public void Dispose()
    {
        Kill();
        Medium.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    // In memory where the system has such a place: only the mapped staging file matters here.
    internal static string NewDirectory()
    {
        const string InMemory = "/dev/shm";
        string root = Directory.Exists(InMemory) ? InMemory : Path.GetTempPath();
        string path = Path.Combine(root, $"flashkv-simulation-{Guid.CreateVersion7():n}");
        return Directory.CreateDirectory(path).FullName;
    }

    private DiskMedium NewMedium(Disk disk) =>
        new(disk, (long)_options.Chunks * LogGeometry.ChunkBlocks)
        {
            SpaceLimitBlocks = _options.SpaceLimitBlocks,
        };

    private void LetGo()
    {
        _device?.Dispose();
        _device = null;
        _adapter?.Dispose();
        _adapter = null;
    }
}
