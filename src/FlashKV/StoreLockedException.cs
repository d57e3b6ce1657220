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

    /// <summary>The directory of the store.</summary>
    public string Directory { get; }

    /// <summary>The process that has the store open; 0 if unknown.</summary>
    public int ProcessId { get; }

    private static string Holder(int processId) =>
        processId == 0 ? "another process"
        : processId == Environment.ProcessId ? "this process"
        : $"process {processId}";
}
