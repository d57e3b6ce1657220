namespace FlashKV;

/// <summary>A process got no clone of a store. Nothing was changed.</summary>
public sealed class CloneRefusedException : FlashStoreException
{
    /// <summary>Creates an exception.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="detail">The same, as the end of a sentence.</param>
    /// <param name="innerException">What was found out first.</param>
    public CloneRefusedException(
        CloneRefusal reason, string detail, Exception? innerException = null)
        : base($"The clone cannot be had: {detail}.", innerException) => Reason = reason;

    /// <summary>Why.</summary>
    public CloneRefusal Reason { get; }
}
