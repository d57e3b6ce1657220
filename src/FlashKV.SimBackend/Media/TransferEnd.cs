namespace FlashKV.SimBackend;

/// <summary>How a transfer of a <see cref="TransferQueue"/> ended.</summary>
/// <param name="Tag">What it was started with.</param>
/// <param name="Status">How it ended, if it was executed.</param>
/// <param name="IsExecuted">
/// <see langword="false"/> when it must be executed by an ordinary call: it was not, or in part.
/// </param>
internal readonly record struct TransferEnd(int Tag, MediumStatus Status, bool IsExecuted);
