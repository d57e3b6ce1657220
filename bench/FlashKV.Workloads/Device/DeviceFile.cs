using FlashKV.SimBackend;

namespace FlashKV.Workloads.Device;

/// <summary>The file that is measured: in a directory of its own, which goes with it.</summary>
internal sealed class DeviceFile : IDisposable
{
    private const long BlocksPerMebibyte = (1 << 20) / Medium.BlockBytes;

    private readonly DirectoryInfo _directory;

    private DeviceFile(DirectoryInfo directory, long blockCount)
    {
        _directory = directory;
        BlockCount = blockCount;
    }

    /// <summary>The whole chunks that fit into the wanted size, in blocks.</summary>
    public long BlockCount { get; }

    public string FilePath => Path.Combine(_directory.FullName, "medium");

    public static DeviceFile Create(DirectoryInfo? parent, int mebibytes)
    {
        const int ChunkBlocks = 1 << 16;
        string root = (parent ?? new DirectoryInfo(Path.GetTempPath())).FullName;
        string name = $"flashkv-device-{Environment.ProcessId}";
        long chunks = mebibytes * BlocksPerMebibyte / ChunkBlocks;
        return new DeviceFile(
            Directory.CreateDirectory(Path.Combine(root, name)), chunks * ChunkBlocks);
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
