namespace FlashKV.Simulation.Episodes;

/// <summary>What one step of an episode does.</summary>
internal enum StepKind
{
    PutStaged,
    PutDurable,
    Delete,
    DeleteDurable,
    Batch,
    BatchDurable,
    Get,
    GetMany,
    CheckAll,
    Flush,
    AdvanceFlush,
    Work,
    Prepare,
    Seal,
    Compact,
    ScanBegin,
    ScanStep,
    Verify,
    Reset,
    CommandFaults,
    DiskFaults,
    ReadFaults,
    Link,
    Nested,
    Close,
    Kill,
    PowerCut,
}
