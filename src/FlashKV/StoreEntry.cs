namespace FlashKV;

/// <summary>A key and its value, as a scan gives them. Valid until the scan moves on.</summary>
public readonly ref struct StoreEntry
{
    internal StoreEntry(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ulong version)
    {
        Key = key;
        Value = value;
        Version = version;
    }

    /// <summary>The key.</summary>
    public ReadOnlySpan<byte> Key { get; }

    /// <summary>The value.</summary>
    public ReadOnlySpan<byte> Value { get; }

    /// <summary>The sequence number of the write in its shard.</summary>
    public ulong Version { get; }
}
