namespace FlashKV.Snapshots;

/// <summary>
/// The scans that run over a shard. Writers look here; without a scan that is all.
/// </summary>
internal sealed class ScanCuts
{
    private readonly Lock _lock = new();
    private ScanCut[] _cuts = [];

    public void Add(ScanCut cut)
    {
        lock (_lock)
        {
            Volatile.Write(ref _cuts, [.. _cuts, cut]);
        }
    }

    public void Remove(ScanCut cut)
    {
        lock (_lock)
        {
            Volatile.Write(ref _cuts, Array.FindAll(_cuts, other => other != cut));
        }
    }

    /// <summary>
    /// See <see cref="ScanCut.NoteSuperseded"/>; called before the index changes.
    /// </summary>
    public void NoteSuperseded(long address, ulong by)
    {
        foreach (ScanCut cut in Volatile.Read(ref _cuts))
        {
            cut.NoteSuperseded(address, by);
        }
    }

    /// <summary>See <see cref="ScanCut.NoteMoved"/>; called before the index changes.</summary>
    public void NoteMoved(long address, long copy)
    {
        foreach (ScanCut cut in Volatile.Read(ref _cuts))
        {
            cut.NoteMoved(address, copy);
        }
    }
}
