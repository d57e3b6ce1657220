namespace FlashKV.Workloads.Workers;

/// <summary>What a worker can do.</summary>
internal enum WorkerTask
{
    /// <summary>Put all records.</summary>
    Load,

    /// <summary>Wait for the store's background work.</summary>
    Settle,

    /// <summary>Flush the store.</summary>
    Flush,

    /// <summary>Run a workload for a time.</summary>
    Run,

    /// <summary>Get many at once for a time.</summary>
    GetMany,

    /// <summary>Read every record and compare all its bytes.</summary>
    Verify,

    /// <summary>Close the store and end.</summary>
    Close,
}
