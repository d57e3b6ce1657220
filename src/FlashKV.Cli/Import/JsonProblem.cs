using System.Text.Json;

namespace FlashKV.Cli.Import;

/// <summary>Puts what is wrong with a line of JSON into words.</summary>
internal static class JsonProblem
{
    /// <summary>
    /// The reader's own words without its count of lines, which is always the first.
    /// </summary>
    public static string Describe(JsonException failure)
    {
        int position = failure.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        string reason = position < 0 ? failure.Message : failure.Message[..position];
        return failure.BytePositionInLine is long offset
            ? $"not valid JSON at byte {offset + 1}: {reason.TrimEnd('.')}"
            : $"not valid JSON: {reason.TrimEnd('.')}";
    }
}
