namespace FlashKV;

/// <summary>
/// A clone was ended by the store, or the store by its process, so it cannot be read any more. What
/// was read before is right.
/// </summary>
public sealed class CloneEndedException : FlashStoreException
{
    /// <summary>Creates an exception.</summary>
    /// <param name="reason">What has ended it.</param>
    /// <param name="innerException">What was met because of that.</param>
    public CloneEndedException(CloneEnd reason, Exception? innerException = null)
        : base($"The clone can no longer be read: {Describe(reason)}.", innerException) =>
        Reason = reason;

    /// <summary>What has ended it.</summary>
    public CloneEnd Reason { get; }

    private static string Describe(CloneEnd reason) => reason switch
    {
        CloneEnd.ClosedByReader => "this process has closed it",
        CloneEnd.ReaderEnded => "the process that was to read it has ended",
        CloneEnd.NotOpened => "it was not opened in time",
        CloneEnd.TakenBack => "the store has taken it back",
        CloneEnd.StoreClosed => "the store was closed",
        CloneEnd.StoreEnded => "the process that had the store open has ended",
        CloneEnd.Expired => "its time to live is over",
        CloneEnd.HeldTooMuch => "it kept more dead bytes on the device than it was allowed",
        _ => $"reason {(int)reason}",
    };
}
