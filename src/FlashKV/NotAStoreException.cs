namespace FlashKV;

/// <summary>
/// A directory holds no store where one is needed, or something else where one would go.
/// </summary>
public sealed class NotAStoreException : FlashStoreException
{
    /// <summary>Creates an exception.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="reason">What was found in it.</param>
    public NotAStoreException(string directory, string reason)
        : base($"'{directory}' is not a FlashKV store: {reason}.") => Directory = directory;

    /// <summary>The directory.</summary>
    public string Directory { get; }
}
