namespace FlashKV;

/// <summary>
/// A snapshot was given up before its user disposed it, so it cannot be read any more. The store is
/// well.
/// </summary>
public sealed class SnapshotExpiredException : FlashStoreException
{
    /// <summary>Creates an exception.</summary>
    /// <param name="reason">Why it was given up, as the end of a sentence.</param>
    public SnapshotExpiredException(string reason)
        : base($"The snapshot can no longer be read: {reason}.")
    {
    }
}
