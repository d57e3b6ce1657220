using FlashKV.Cli.Terminal;

namespace FlashKV.Cli.Tests.Terminal;

public sealed class PlainProgressTests
{
    [Fact]
    public void Lines_come_seconds_apart_and_tell_rate_and_time_left()
    {
        SteppedTime time = new();
        using StringWriter errors = new();
        PlainProgress progress = new(Environment(errors, time), "import a.csv", 2_000_000);

        for (int second = 1; second <= 12; second++)
        {
            time.Now += TimeSpan.FromSeconds(1);
            progress.Report(second * 1_000, second * 100_000);
        }

        Assert.Equal(
            """
            flashkv: import a.csv: 5,000 records, 500 kB of 2.0 MB, 1,000 records/s, 0:15 left
            flashkv: import a.csv: 10,000 records, 1.0 MB of 2.0 MB, 1,000 records/s, 0:10 left

            """,
            errors.ToString());
    }

    [Fact]
    public void Without_a_known_end_there_is_no_time_left()
    {
        SteppedTime time = new();
        using StringWriter errors = new();
        PlainProgress progress = new(Environment(errors, time), "import -", totalBytes: null);

        time.Now += TimeSpan.FromSeconds(5);
        progress.Report(10, 100);

        Assert.Equal("flashkv: import -: 10 records, 100 B, 2 records/s\n", errors.ToString());
    }

    private static ToolEnvironment Environment(TextWriter errors, TimeProvider time) => new()
    {
        Input = Stream.Null,
        Output = Stream.Null,
        Error = errors,
        Time = time,
    };
}
