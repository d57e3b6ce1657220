using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace FlashKV.Reader;

/// <summary>
/// All keys and values in one line, in whatever order they come: their number, and the sum of their
/// hashes.
/// </summary>
public sealed class Contents
{
    private ulong _sum;
    private long _count;

    /// <summary>The number of keys.</summary>
    public long Count => _count;

    /// <summary>Adds a key and its value.</summary>
    public void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        byte[] entry = new byte[sizeof(int) + key.Length + value.Length];
        BinaryPrimitives.WriteInt32LittleEndian(entry, key.Length);
        key.CopyTo(entry.AsSpan(sizeof(int)));
        value.CopyTo(entry.AsSpan(sizeof(int) + key.Length));
        _sum += BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(entry));
        _count++;
    }

    /// <summary>The contents of a view, by a scan.</summary>
    public static Contents Of(StoreView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        Contents contents = new();
        foreach (StoreEntry entry in view.Scan())
        {
            contents.Add(entry.Key, entry.Value);
        }

        return contents;
    }

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{_count} {_sum:x16}");
}
