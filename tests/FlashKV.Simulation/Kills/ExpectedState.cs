using System.IO.MemoryMappedFiles;

namespace FlashKV.Simulation.Kills;

/// <summary>
/// What each key of a killed writer must have, in a mapped file, which outlives it: the version whose
/// write was begun last, and the one that was acknowledged last.
/// </summary>
internal sealed class ExpectedState : IDisposable
{
    private const int SlotBytes = 2 * sizeof(long);

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;

    public ExpectedState(string path, int slots)
    {
        long length = (long)slots * SlotBytes;
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.OpenOrCreate, null, length);
        _view = _file.CreateViewAccessor(0, length);
    }

    public long Begun(int slot) => _view.ReadInt64((long)slot * SlotBytes);

    public long Acknowledged(int slot) =>
        _view.ReadInt64(((long)slot * SlotBytes) + sizeof(long));

    public void Begin(int slot, long version) =>
        _view.Write((long)slot * SlotBytes, version);

    public void Acknowledge(int slot, long version) =>
        _view.Write(((long)slot * SlotBytes) + sizeof(long), version);

    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
    }
}
