namespace FlashKV;

/// <summary>
/// A directory of backups cannot be used, or something in it is damaged. The store is well.
/// </summary>
public sealed class BackupException : FlashStoreException
{
    /// <summary>Creates an exception.</summary>
    /// <param name="path">The directory, or the file in it.</param>
    /// <param name="problem">What is wrong, as the end of a sentence.</param>
    /// <param name="innerException">What the system said, if it did.</param>
    public BackupException(string path, string problem, Exception? innerException = null)
        : base($"'{path}' cannot be used: {problem}.", innerException) => Path = path;

    /// <summary>The directory, or the file in it.</summary>
    public string Path { get; }
}
