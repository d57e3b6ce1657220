namespace FlashKV.SimBackend;

/// <summary>What a <see cref="SimulatedAdapter"/> has done since it was made.</summary>
/// <param name="Commands">Commands that have ended.</param>
/// <param name="FailedCommands">Of these, those that ended with an error.</param>
/// <param name="MediumTransfers">
/// Transfers to and from media: what the commands were merged into.
/// </param>
/// <param name="BytesRead">Bytes read from media.</param>
/// <param name="BytesWritten">Bytes written to media.</param>
/// <param name="BytesDiscarded">Bytes given back to media by commands.</param>
/// <param name="Resets">Resets of the adapter.</param>
public readonly record struct SimulatedAdapterStatistics(
    long Commands,
    long FailedCommands,
    long MediumTransfers,
    long BytesRead,
    long BytesWritten,
    long BytesDiscarded,
    int Resets);
