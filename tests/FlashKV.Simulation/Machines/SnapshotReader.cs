using FlashKV.Simulation.Model;

namespace FlashKV.Simulation.Machines;

/// <summary>Reads all keys of a view in one of the ways that there are.</summary>
internal static class SnapshotReader
{
    /// <summary>Reads a snapshot, or a clone.</summary>
    /// <param name="view">The view.</param>
    /// <param name="maxKey">The largest number of a key.</param>
    /// <param name="way">0 for gets, 1 for many keys at once, else a scan.</param>
    public static SortedDictionary<int, byte[]> Read(StoreView view, int maxKey, int way) =>
        way switch
        {
            0 => Collect(Enumerable.Range(0, maxKey + 1).Select(
                key => (key, view.Get(Keys.Name(key))))),
            1 => ReadMany(maxKey, (names, results) => view.GetMany(names, results)),
            _ => Scan(view),
        };

    /// <summary>Reads many keys at once.</summary>
    /// <param name="maxKey">The largest number of a key.</param>
    /// <param name="read">Reads them into a result.</param>
    public static SortedDictionary<int, byte[]> ReadMany(
        int maxKey, Action<ReadOnlyMemory<byte>[], GetManyResult> read)
    {
        int[] keys = [.. Enumerable.Range(0, maxKey + 1)];
        var results = new GetManyResult();
        read([.. keys.Select(static key => (ReadOnlyMemory<byte>)Keys.Name(key))], results);
        return Collect(keys.Select(
            key => (key, results.IsFound(key) ? results[key].ToArray() : null)));
    }

    /// <summary>Whether two have the same keys with the same values.</summary>
    public static bool AreSame(
        SortedDictionary<int, byte[]> left, SortedDictionary<int, byte[]> right) =>
        left.Count == right.Count && left.All(pair =>
            right.TryGetValue(pair.Key, out byte[]? value)
            && value.AsSpan().SequenceEqual(pair.Value));

    private static SortedDictionary<int, byte[]> Scan(StoreView view)
    {
        var found = new SortedDictionary<int, byte[]>();
        using StoreScan scan = view.Scan();
        foreach (StoreEntry entry in scan)
        {
            if (!found.TryAdd(Keys.Number(entry.Key), entry.Value.ToArray()))
            {
                throw new ModelException("A scan of a view met a key twice.");
            }
        }

        return found;
    }

    private static SortedDictionary<int, byte[]> Collect(
        IEnumerable<(int Key, byte[]? Value)> found)
    {
        var collected = new SortedDictionary<int, byte[]>();
        foreach ((int key, byte[]? value) in found)
        {
            if (value is not null)
            {
                collected.Add(key, value);
            }
        }

        return collected;
    }
}
