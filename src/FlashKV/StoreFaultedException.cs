namespace FlashKV;

/// <summary>
/// A write or background work failed before, so the store takes no more writes until it is opened
/// again. The cause is the inner exception.
/// </summary>
public sealed class StoreFaultedException : FlashStoreException
{
    /// <summary>Creates an exception.</summary>
    /// <param name="cause">What failed.</param>
    public StoreFaultedException(Exception cause)
        : base($"The store failed earlier and takes no more writes: {cause?.Message}", cause)
    {
    }
}
