namespace FlashKV.Snapshots;

/// <summary>
/// What a scan of a shard must know of the changes made while it runs: which records were current
/// at its cut although the index no longer points to them, and which copies it has seen as
/// originals.
/// </summary>
internal sealed class ScanCut
{
    private readonly Lock _lock = new();
    private readonly Dictionary<long, ulong> _superseded = [];
    private readonly HashSet<long> _copies = [];

    /// <summary>
    /// A record is about to be replaced or deleted by one of a later sequence number.
    /// </summary>
    public void NoteSuperseded(long address, ulong by)
    {
        lock (_lock)
        {
            _superseded[address] = by;
        }
    }

    /// <summary>A record is about to be copied elsewhere.</summary>
    public void NoteMoved(long address, long copy)
    {
        lock (_lock)
        {
            // The original stays readable while the scan runs, and stands for both.
            _superseded[address] = ulong.MaxValue;
            _copies.Add(copy);
        }
    }

    public bool IsCopy(long address)
    {
        lock (_lock)
        {
            return _copies.Contains(address);
        }
    }

    /// <summary>Whether a record that the index does not point to was current at a cut.</summary>
    public bool WasCurrentAt(long address, ulong cut)
    {
        lock (_lock)
        {
            return _superseded.TryGetValue(address, out ulong by) && by > cut;
        }
    }
}
