using FlashKV.Cli.Terminal;

namespace FlashKV.Cli.Tests.Terminal;

public sealed class OpeningProgressTests
{
    [Fact]
    public void What_opens_at_once_shows_nothing()
    {
        using StringWriter errors = new();
        var progress = new OpeningProgress(
            Environment(errors, new SteppedTime(), isTerminal: true), "data");

        progress.Report(new OpenProgress(1, 1, 10));
        progress.End();

        Assert.Empty(errors.ToString());
    }

    [Fact]
    public void On_a_terminal_one_line_is_written_over_and_goes_away()
    {
        SteppedTime time = new();
        using StringWriter errors = new();
        var progress = new OpeningProgress(Environment(errors, time, isTerminal: true), "data");

        for (int segment = 1; segment <= 3; segment++)
        {
            time.Now += TimeSpan.FromMilliseconds(300);
            progress.Report(new OpenProgress(segment, 3, segment * 1_000));
        }

        progress.End();

        Assert.Equal(
            "\r\e[Kflashkv: opening 'data': 2 of 3 segments, 2,000 records\r\e[K",
            errors.ToString());
    }

    [Fact]
    public void Elsewhere_lines_come_seconds_apart()
    {
        SteppedTime time = new();
        using StringWriter errors = new();
        var progress = new OpeningProgress(Environment(errors, time, isTerminal: false), "data");

        for (int segment = 1; segment <= 11; segment++)
        {
            time.Now += TimeSpan.FromSeconds(1);
            progress.Report(new OpenProgress(segment, 11, segment * 1_000));
        }

        progress.End();

        Assert.Equal(
            """
            flashkv: opening 'data': 5 of 11 segments, 5,000 records
            flashkv: opening 'data': 10 of 11 segments, 10,000 records

            """,
            errors.ToString());
    }

    private static ToolEnvironment Environment(
        TextWriter errors, TimeProvider time, bool isTerminal)
    {
        return new ToolEnvironment
        {
            Input = Stream.Null,
            Output = Stream.Null,
            Error = errors,
            ErrorIsTerminal = isTerminal,
            Time = time,
        };
    }
}
