namespace FlashKV;

/// <summary>How a clone is opened by the process that reads it.</summary>
public sealed record ClonedStoreOptions
{
    /// <summary>
    /// The most bytes of unmanaged memory that the clone takes: index, cache and buffers; at least
    /// <see cref="FlashStoreOptions.MinMemoryBudget"/>, 256 MiB by default.
    /// </summary>
    public long MemoryBudget { get; init; } = 256L << 20;

    /// <summary>
    /// Is told how far opening has come, after each segment that was read; null, the default, for
    /// nobody. It is called by the threads that open, one at a time, and holds them up meanwhile.
    /// </summary>
    public IProgress<OpenProgress>? OpenProgress { get; init; }

    /// <summary>The same as options of a store, of which the others do not matter.</summary>
    internal FlashStoreOptions ToStoreOptions()
    {
        FlashStoreOptions options = new()
        {
            MemoryBudget = MemoryBudget,
            OpenProgress = OpenProgress,
        };
        options.Validate();
        return options;
    }
}
