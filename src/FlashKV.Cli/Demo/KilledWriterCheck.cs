using FlashKV.Cli.Text;

namespace FlashKV.Cli.Demo;

/// <summary>
/// Knows which writes of <see cref="NumberedRecords"/> were sent and which acknowledged, over any
/// number of writers that were killed, and compares a store with that.
/// </summary>
internal sealed class KilledWriterCheck(NumberedRecords records)
{
    // By position of the key: the last write of it that was acknowledged.
    private readonly long[] _acknowledged = Enumerable.Repeat(-1L, records.KeyCount).ToArray();

    /// <summary>The number after the last write that was sent.</summary>
    public long Sent { get; private set; }

    /// <summary>How many writes were acknowledged in all.</summary>
    public long AcknowledgedCount { get; private set; }

    /// <summary>
    /// A writer got the writes from <see cref="Sent"/> up to <paramref name="sent"/>, and
    /// acknowledged the first <paramref name="acknowledgedCount"/> of them before it died.
    /// </summary>
    public void Record(long sent, long acknowledgedCount)
    {
        for (long number = Sent; number < Sent + acknowledgedCount; number++)
        {
            _acknowledged[number % records.KeyCount] = number;
        }

        AcknowledgedCount += acknowledgedCount;
        Sent = sent;
    }

    /// <summary>
    /// What is wrong with the store: an acknowledged write that is lost, a value that nobody wrote,
    /// a key twice. Null if nothing is.
    /// </summary>
    public string? FindDamage(FlashStore store)
    {
        bool[] seen = new bool[records.KeyCount];
        foreach (StoreEntry entry in store.Scan())
        {
            byte[] key = entry.Key.ToArray();
            if (FindDamage(key, entry.Value, seen) is string damage)
            {
                return $"key {ByteNotation.Escape(key)} {damage}";
            }
        }

        int lost = Enumerable.Range(0, seen.Length)
            .FirstOrDefault(position => !seen[position] && _acknowledged[position] >= 0, -1);
        return lost < 0 ? null : $"write {_acknowledged[lost]:N0} was acknowledged and is lost";
    }

    private string? FindDamage(byte[] key, ReadOnlySpan<byte> value, bool[] seen)
    {
        int position = records.Position(key);
        if (position < 0 || seen[position])
        {
            return position < 0 ? "was never written" : "came twice";
        }

        seen[position] = true;
        long number = records.NumberOf(key, value);
        if (number < 0 || number >= Sent)
        {
            return "has a value that was never written";
        }

        long acknowledged = _acknowledged[position];
        return number < acknowledged
            ? $"has the value of write {number:N0} though {acknowledged:N0} was acknowledged"
            : null;
    }
}
