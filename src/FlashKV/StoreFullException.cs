namespace FlashKV;

/// <summary>
/// The device has no room for another segment. What the store holds can be read, keys can be
/// deleted, and writes succeed again once there is room.
/// </summary>
public sealed class StoreFullException : FlashStoreException
{
    /// <summary>Creates an exception.</summary>
    /// <param name="shard">The shard that found no room.</param>
    /// <param name="innerException">What the device answered, if it was the device.</param>
    public StoreFullException(int shard, Exception? innerException = null)
        : base(MessageOf(shard, heldBytes: 0), innerException) =>
        Shard = shard;

    internal StoreFullException(int shard, long heldBytes)
        : base(MessageOf(shard, heldBytes))
    {
        Shard = shard;
        SnapshotHeldBytes = heldBytes;
    }

    /// <summary>The shard that found no room.</summary>
    public int Shard { get; }

    /// <summary>The bytes of the shard that are not live and that snapshots hold.</summary>
    public long SnapshotHeldBytes { get; }

    private static string MessageOf(int shard, long heldBytes)
    {
        string held = heldBytes == 0
            ? "Delete"
            : $"Snapshots hold {heldBytes} bytes of it that are not live: dispose them, delete";
        return $"The device is full: shard {shard} found no room for another segment. "
            + $"{held} keys, compact, or make room.";
    }
}
