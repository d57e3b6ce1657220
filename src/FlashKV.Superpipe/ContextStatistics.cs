namespace FlashKV.Superpipe;

/// <summary>Counters of a context since it was attached.</summary>
/// <param name="Commands">Commands that ended well.</param>
/// <param name="Retries">Commands sent again because of an error or a context reset.</param>
/// <param name="Delays">Those of them that waited first.</param>
/// <param name="Failures">Commands that failed for good.</param>
/// <param name="UnitAttentions">Unit attentions that the driver was told of.</param>
/// <param name="RoomWaits">Times that a batch found the adapter without room.</param>
/// <param name="ContextResets">Resets of the context because commands did not end.</param>
/// <param name="Recoveries">Recoveries of the context after a loss of the adapter.</param>
/// <param name="Reissued">Commands sent again by recoveries.</param>
/// <param name="StaleResponses">Responses that belonged to no command in flight.</param>
/// <param name="AdapterErrors">Error events and error interrupts of the adapter.</param>
/// <param name="RecoveryTime">
/// The time that recoveries and context resets took, in all, with the wait for other threads'
/// transfers under way before each.
/// </param>
/// <param name="HeldCommands">
/// Commands that the end of the context could not take back; see
/// <see cref="DeviceException.HoldsBuffers"/>.
/// </param>
public readonly record struct ContextStatistics(
    long Commands,
    long Retries,
    long Delays,
    long Failures,
    long UnitAttentions,
    long RoomWaits,
    long ContextResets,
    long Recoveries,
    long Reissued,
    long StaleResponses,
    long AdapterErrors,
    TimeSpan RecoveryTime,
    long HeldCommands);
