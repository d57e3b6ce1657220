namespace FlashKV.Snapshots;

/// <summary>The cuts that are open in a store.</summary>
internal sealed class OpenCuts
{
    private readonly Lock _lock = new();
    private readonly HashSet<StoreCut> _cuts = [];

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _cuts.Count;
            }
        }
    }

    /// <summary>The memory that they take.</summary>
    public long MemoryBytes
    {
        get
        {
            lock (_lock)
            {
                return _cuts.Sum(static cut => cut.MemoryBytes);
            }
        }
    }

    public void Add(StoreCut cut)
    {
        lock (_lock)
        {
            _cuts.Add(cut);
        }
    }

    public void Remove(StoreCut cut)
    {
        lock (_lock)
        {
            _cuts.Remove(cut);
        }
    }

    /// <summary>Ends those that hold more than they may.</summary>
    public void EnforceLimits()
    {
        foreach (StoreCut cut in Copy())
        {
            cut.EnforceLimit();
        }
    }

    /// <summary>Ends all: the store is closing.</summary>
    public void EndAll()
    {
        foreach (StoreCut cut in Copy())
        {
            cut.End(CutEnd.Closed);
        }
    }

    private StoreCut[] Copy()
    {
        lock (_lock)
        {
            return _cuts.Count == 0 ? [] : [.. _cuts];
        }
    }
}
