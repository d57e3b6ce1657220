namespace FlashKV.SimBackend.Afu;

/// <summary>
/// What one lane has done. Only the thread in the lane adds; readers see values that are at most a
/// batch old.
/// </summary>
internal sealed class CommandCounters
{
    internal long Commands;
    internal long FailedCommands;
    internal long Transfers;
    internal long BlocksRead;
    internal long BlocksWritten;
    internal long BlocksDiscarded;

    /// <summary>Adds another lane's counts to these.</summary>
    internal void Add(CommandCounters other)
    {
        Commands += Volatile.Read(ref other.Commands);
        FailedCommands += Volatile.Read(ref other.FailedCommands);
        Transfers += Volatile.Read(ref other.Transfers);
        BlocksRead += Volatile.Read(ref other.BlocksRead);
        BlocksWritten += Volatile.Read(ref other.BlocksWritten);
        BlocksDiscarded += Volatile.Read(ref other.BlocksDiscarded);
    }
}
