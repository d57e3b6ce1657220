using System.Text;

namespace FlashKV.Cli.Tests;

/// <summary>What a run of the tool left.</summary>
internal sealed record ToolResult(int ExitCode, byte[] Output, string Errors)
{
    /// <summary>Standard output as text.</summary>
    public string Text => Encoding.UTF8.GetString(Output);

    /// <summary>The lines of standard output, sorted: a scan has no order.</summary>
    public string[] SortedLines =>
        Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)
            .ToArray();

    /// <summary>Checks that it ended well and said nothing on standard error.</summary>
    public ToolResult Succeeded()
    {
        Assert.Equal("", Errors);
        Assert.Equal(0, ExitCode);
        return this;
    }

    /// <summary>
    /// Checks that it failed with this code, one line on standard error and nothing on the other.
    /// </summary>
    public void Failed(int exitCode, string message)
    {
        Assert.Equal($"flashkv: {message}\n", Errors);
        Assert.Equal(exitCode, ExitCode);
        Assert.Empty(Output);
    }

    /// <summary>The same, knowing only a part of the message.</summary>
    public void FailedLike(int exitCode, string part)
    {
        Assert.StartsWith("flashkv: ", Errors, StringComparison.Ordinal);
        Assert.Contains(part, Errors, StringComparison.Ordinal);
        Assert.Single(Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(exitCode, ExitCode);
        Assert.Empty(Output);
    }
}
