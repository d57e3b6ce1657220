namespace FlashKV.SimBackend;

/// <summary>A file cannot be opened as a medium.</summary>
public sealed class MediumUnavailableException : IOException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="path">The path of the file.</param>
    /// <param name="reason">Why it could not be opened.</param>
    /// <param name="error">The system's error number; 0 if it gave none.</param>
    /// <param name="innerException">The exception behind it, if there is one.</param>
    public MediumUnavailableException(
        string path,
        MediumUnavailableReason reason,
        int error = 0,
        Exception? innerException = null)
        : base(Describe(path, reason, error), innerException)
    {
        Path = path;
        Reason = reason;
        Error = error;
    }

    /// <summary>The path of the file.</summary>
    public string Path { get; }

    /// <summary>Why it could not be opened.</summary>
    public MediumUnavailableReason Reason { get; }

    /// <summary>The system's error number; 0 if it gave none.</summary>
    public int Error { get; }

    private static string Describe(string path, MediumUnavailableReason reason, int error) =>
        reason switch
        {
            MediumUnavailableReason.Locked => $"The medium '{path}' is in use.",
            MediumUnavailableReason.ReadOnly => $"The medium '{path}' cannot be written.",
            MediumUnavailableReason.NotFound => $"The directory of the medium '{path}' is missing.",
            MediumUnavailableReason.BadLength =>
                $"The length of the medium '{path}' is not a whole number of 4,096-byte blocks.",
            MediumUnavailableReason.TooLarge =>
                $"The file system cannot hold the medium '{path}' of the wanted capacity.",
            _ => $"The medium '{path}' cannot be opened (error {error}).",
        };
}
