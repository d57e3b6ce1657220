namespace FlashKV.Superpipe.Commands;

/// <summary>What to do with an answered command.</summary>
/// <param name="Action">The action.</param>
/// <param name="Errno">The error when the command has failed or its retries are used up.</param>
internal readonly record struct CompletionVerdict(CompletionAction Action, Errno Errno)
{
    internal static CompletionVerdict Done => new(CompletionAction.Done, Errno.None);

    internal static CompletionVerdict Retry(Errno errno) => new(CompletionAction.Retry, errno);

    internal static CompletionVerdict RetryLater(Errno errno) =>
        new(CompletionAction.RetryLater, errno);

    internal static CompletionVerdict Verify => new(CompletionAction.Verify, Errno.InputOutput);

    internal static CompletionVerdict Fail(Errno errno) => new(CompletionAction.Fail, errno);
}
