using System.Diagnostics;
using System.Globalization;

namespace FlashKV.Simulation.Tests;

/// <summary>
/// Every decoder of what is persisted or received, with the kept inputs and with changed ones, each in
/// a process of its own whose memory is watched.
/// </summary>
public sealed class FuzzTests
{
    private const int Seed = 1;
    private const int Few = 120;
    private const int Many = 3_000;

    [Theory]
    [InlineData("superblock", Many)]
    [InlineData("chunk-header", Many)]
    [InlineData("segment-header", Many)]
    [InlineData("segment-footer", Many)]
    [InlineData("summary-entry", Many)]
    [InlineData("batch-commit", Many)]
    [InlineData("staging-header", Many)]
    [InlineData("clone-view", Many)]
    [InlineData("record", Many)]
    [InlineData("store", Few)]
    [InlineData("staging", Few)]
    [InlineData("socket", Few)]
    [InlineData("import-json", Many)]
    [InlineData("import-exported", Many)]
    [InlineData("import-csv", Many)]
    [InlineData("import-csv-exported", Many)]
    [InlineData("import-lines", Many)]
    public async Task Whatever_the_input_says_is_answered_within_bounds(
        string target, int mutations)
    {
        ProcessStartInfo start = new(Path.Combine(AppContext.BaseDirectory, "FlashKV.Fuzzing"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList =
            {
                target,
                "--replay", mutations.ToString(CultureInfo.InvariantCulture),
                "--seed", Seed.ToString(CultureInfo.InvariantCulture),
            },
        };
        using Process run = Process.Start(start)!;
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        Task<string> errors = run.StandardError.ReadToEndAsync(cancellation);
        string said = await run.StandardOutput.ReadToEndAsync(cancellation);
        await run.WaitForExitAsync(cancellation);

        Assert.True(run.ExitCode == 0, said + await errors);
        Assert.Contains($"{mutations} changed", said, StringComparison.Ordinal);
        Assert.DoesNotContain(" 0 kept", said, StringComparison.Ordinal);
    }
}
