namespace FlashKV.Log;

/// <summary>Grants chunks to shards.</summary>
internal interface IChunkSource
{
    /// <summary>
    /// Grows the LUN of a shard by one chunk, and remembers it, durably. Any thread may call.
    /// </summary>
    /// <returns>false if the device has no chunk left.</returns>
    bool TryGrow(int shard);
}
