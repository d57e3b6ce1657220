namespace FlashKV;

/// <summary>
/// The base of what a store throws when the device or its data, not the caller, is at fault.
/// </summary>
public class FlashStoreException : IOException
{
    /// <summary>Creates an exception.</summary>
    /// <param name="message">What is wrong.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public FlashStoreException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
