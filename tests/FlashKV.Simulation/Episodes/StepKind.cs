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
    Nested,
    Close,
    Kill,
    PowerCut,
}
