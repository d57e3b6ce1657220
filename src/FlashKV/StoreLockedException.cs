namespace FlashKV;

/// <summary>Another process, or another instance in this one, has the store open.</summary>
public sealed class StoreLockedException : FlashStoreException
{
    /// <summary>Creates an exception.</summary>
    /// <param name="directory">The directory of the store.</param>
    /// <param name="processId">The process that has it open; 0 if unknown.</param>
    /// <param name="innerException">What the lock answered.</param>
    public StoreLockedException(string directory, int processId, Exception? innerException = null)
        : base($"The store in '{directory}' is open in {Holder(processId)}.", innerException)
    {
        Directory = directory;
        ProcessId = processId;
    }

    /// <summary>Creates an exception for a store of which clones are still read.</summary>
    /// <param name="directory">The directory of the store.</param>
    /// <param name="readers">The processes that read them, as far as they are known.</param>
    /// <param name="innerException">What the lock answered.</param>
    public StoreLockedException(
        string directory, IReadOnlyList<int> readers, Exception? innerException = null)
        : base(
            $"Clones of the store in '{directory}', of a process that has ended, are still read by "
            + $"{Describe(readers)}: it cannot be opened before they have ended.",
            innerException)
    {
        Directory = directory;
        ProcessId = readers is [int first, ..] ? first : 0;
    }

    /// <summary>The directory of the store.</summary>
    public string Directory { get; }

    /// <summary>
    /// The process that has the store open, or reads a clone of it; 0 if unknown.
    /// </summary>
    public int ProcessId { get; }

    private static string Describe(IReadOnlyList<int>? readers) => readers switch
    {
        null or [] => "another process",
        [int one] => $"process {one}",
        _ => $"processes {string.Join(", ", readers)}",
    };

    private static string Holder(int processId) =>
        processId == 0 ? "another process"
        : processId == Environment.ProcessId ? "this process"
        : $"process {processId}";
}
