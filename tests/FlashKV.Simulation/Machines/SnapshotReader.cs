using FlashKV.Simulation.Model;

namespace FlashKV.Simulation.Machines;

/// <summary>Reads all keys of a snapshot in one of the ways that there are.</summary>
internal static class SnapshotReader
{
    /// <summary>Reads a snapshot.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="maxKey">The largest number of a key.</param>
    /// <param name="way">0 for gets, 1 for many keys at once, else a scan.</param>
    public static SortedDictionary<int, byte[]> Read(StoreSnapshot snapshot, int maxKey, int way)
    {
        int[] keys = [.. Enumerable.Range(0, maxKey + 1)];
        return way switch
        {
            0 => Collect(keys.Select(key => (key, snapshot.Get(Keys.Name(key))))),
            1 => GetMany(snapshot, keys),
            _ => Scan(snapshot),
        };
    }

    /// <summary>Whether two have the same keys with the same values.</summary>
    public static bool AreSame(
        SortedDictionary<int, byte[]> left, SortedDictionary<int, byte[]> right) =>
        left.Count == right.Count && left.All(pair =>
            right.TryGetValue(pair.Key, out byte[]? value)
            && value.AsSpan().SequenceEqual(pair.Value));

    private static SortedDictionary<int, byte[]> GetMany(StoreSnapshot snapshot, int[] keys)
    {
        var results = new GetManyResult();
        snapshot.GetMany(
            [.. keys.Select(static key => (ReadOnlyMemory<byte>)Keys.Name(key))], results);
        return Collect(keys.Select(
            (key, i) => (key, results.IsFound(i) ? results[i].ToArray() : null)));
    }

    private static SortedDictionary<int, byte[]> Scan(StoreSnapshot snapshot)
    {
        var found = new SortedDictionary<int, byte[]>();
        using StoreScan scan = snapshot.Scan();
        foreach (StoreEntry entry in scan)
        {
            if (!found.TryAdd(Keys.Number(entry.Key), entry.Value.ToArray()))
            {
                throw new ModelException("A scan of a snapshot met a key twice.");
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
