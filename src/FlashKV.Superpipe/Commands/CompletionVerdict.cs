namespace FlashKV.Superpipe.Commands;

/// <summary>What to do with an answered command.</summary>
/// <param name="Action">The action.</param>
/// <param name="Errno">The error when the command has failed or its retries are used up.</param>
/// <param name="Reason">Why it is sent again; only where it is.</param>
internal readonly record struct CompletionVerdict(
    CompletionAction Action, Errno Errno, RetryReason Reason = default)
{
    internal static CompletionVerdict Done => new(CompletionAction.Done, Errno.None);

    internal static CompletionVerdict Verify => new(
        CompletionAction.Verify, Errno.InputOutput, RetryReason.UnitAttention);

    internal static CompletionVerdict Retry(Errno errno, RetryReason reason) =>
        new(CompletionAction.Retry, errno, reason);

    internal static CompletionVerdict RetryLater(Errno errno, RetryReason reason) =>
        new(CompletionAction.RetryLater, errno, reason);

    internal static CompletionVerdict Fail(Errno errno) => new(CompletionAction.Fail, errno);
}
