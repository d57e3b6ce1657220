namespace FlashKV.Memory;

/// <summary>What a piece of a store's unmanaged memory is used for.</summary>
internal enum MemoryCategory
{
    /// <summary>Buckets, overflow blocks and directories of the hash indexes.</summary>
    Index,

    /// <summary>The mapped tails of the logs.</summary>
    Staging,

    /// <summary>Records kept from earlier reads.</summary>
    Cache,

    /// <summary>Transfer buffers of reads, writes and compaction.</summary>
    Buffers,

    /// <summary>What snapshots remember of records that were replaced.</summary>
    Snapshots,
}
