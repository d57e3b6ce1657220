namespace FlashKV.Log;

/// <summary>What a summary says of one record.</summary>
/// <param name="Hash">
/// The hash of the key; for a commit record its batch id; 0 if it is dead.
/// </param>
/// <param name="Sequence">The sequence number.</param>
/// <param name="Offset">The offset of the record in its slot.</param>
/// <param name="Flags">The flags, without those that recovery no longer needs.</param>
/// <param name="IsDead">Whether the record never counted.</param>
internal readonly record struct SummaryEntry(
    ulong Hash, ulong Sequence, int Offset, RecordFlags Flags, bool IsDead);
