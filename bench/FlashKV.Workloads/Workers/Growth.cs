namespace FlashKV.Workloads.Workers;

/// <summary>
/// The records that a store got since it was loaded. Threads insert without waiting for each other:
/// each has numbers of its own, and reads the newest among its own.
/// </summary>
internal sealed class Growth
{
    private const int MaxThreads = 64;
    private const int LongsPerLine = 8;

    private readonly long[] _added = new long[MaxThreads * LongsPerLine];
    private readonly long _loaded;
    private long _first;
    private int _parts = 1;

    /// <param name="loaded">The records that were loaded.</param>
    public Growth(long loaded)
    {
        _loaded = loaded;
        _first = loaded;
    }

    /// <summary>A run of this many threads begins. Numbers that were taken stay so.</summary>
    public void Begin(int parts)
    {
        for (int i = 0; i < _parts; i++)
        {
            _first = Math.Max(_first, Next(i));
        }

        _parts = parts;
        Array.Clear(_added);
    }

    /// <summary>The number that a thread inserts next.</summary>
    public long Next(int part) => _first + (_added[part * LongsPerLine] * _parts) + part;

    /// <summary>It is in the store.</summary>
    public void Added(int part) => _added[part * LongsPerLine]++;

    /// <summary>
    /// A record counted back from the newest that the thread added in this run, and before those
    /// from the last that was loaded.
    /// </summary>
    public long Latest(int part, long back)
    {
        long added = _added[part * LongsPerLine];
        return back < added
            ? _first + ((added - 1 - back) * _parts) + part
            : Math.Max(0, _loaded - 1 - (back - added));
    }
}
