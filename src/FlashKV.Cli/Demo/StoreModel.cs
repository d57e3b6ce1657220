using FlashKV.Cli.Text;

namespace FlashKV.Cli.Demo;

/// <summary>What a store must hold, kept in a dictionary beside it.</summary>
internal sealed class StoreModel
{
    private readonly Dictionary<byte[], byte[]> _records = new(ByteComparer.Instance);

    /// <summary>Keys that must be there.</summary>
    public int Count => _records.Count;

    /// <summary>
    /// The value that <paramref name="key"/> must have; null if it must be absent.
    /// </summary>
    public byte[]? this[byte[] key]
    {
        get => _records.GetValueOrDefault(key);
        set
        {
            if (value is null)
            {
                _records.Remove(key);
            }
            else
            {
                _records[key] = value;
            }
        }
    }

    /// <summary>
    /// Scans <paramref name="store"/> and says the first thing that is not as it must be; null if
    /// there is none.
    /// </summary>
    public string? FindDifference(FlashStore store, CancellationToken stop)
    {
        HashSet<byte[]> seen = new(ByteComparer.Instance);
        foreach (StoreEntry entry in store.Scan())
        {
            stop.ThrowIfCancellationRequested();
            byte[] key = entry.Key.ToArray();
            if (Compare(key, entry.Value) is string difference)
            {
                return difference;
            }

            if (!seen.Add(key))
            {
                return $"key {ByteNotation.Escape(key)} came twice";
            }
        }

        return seen.Count == Count
            ? null : $"{Count - seen.Count:N0} of {Count:N0} keys are missing";
    }

    private string? Compare(byte[] key, ReadOnlySpan<byte> value)
    {
        if (this[key] is not byte[] expected)
        {
            return $"key {ByteNotation.Escape(key)} should be absent";
        }

        return value.SequenceEqual(expected)
            ? null : $"key {ByteNotation.Escape(key)} has another value";
    }
}
