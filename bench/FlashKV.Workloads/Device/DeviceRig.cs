using FlashKV.SimBackend;
using FlashKV.Superpipe;

namespace FlashKV.Workloads.Device;

/// <summary>An adapter over the file, and its device.</summary>
internal sealed class DeviceRig : IDisposable
{
    private const int CommandRooms = 4_096;

    private readonly FileMedium _medium;
    private readonly SimulatedAdapter _adapter;

    public DeviceRig(DeviceFile file, FileAccessMethod method)
    {
        _medium = FileMedium.Open(file.FilePath, file.BlockCount, direct: true, method);
        _adapter = new SimulatedAdapter(new SimulatedAdapterOptions
        {
            Luns = [new SimulatedLunOptions(_medium)],
            CommandRooms = CommandRooms,
        });
        Device = SuperpipeDevice.Open(_adapter.Transport, _adapter.DevicePaths[0]);
    }

    public SuperpipeDevice Device { get; }

    /// <summary>How the file is reached, in words.</summary>
    public string Access => !_medium.IsDirect ? "the page cache: direct I/O is refused here"
        : _medium.HasQueues ? "direct I/O by io_uring"
        : "direct I/O by positioned system calls";

    public long Commands => _adapter.GetStatistics().Commands;

    public long MediumTransfers => _adapter.GetStatistics().MediumTransfers;

    public void Dispose()
    {
        Device.Dispose();
        _adapter.Dispose();
        _medium.Dispose();
    }
}
