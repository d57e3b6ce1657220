using System.Globalization;

namespace FlashKV.Cli.Terminal;

/// <summary>
/// Tells how far the opening of a large store has come: on a terminal in a line that is written over
/// and goes away, else in lines some seconds apart. What opens at once shows nothing.
/// </summary>
internal sealed class OpeningProgress(ToolEnvironment environment, string directory)
    : IProgress<OpenProgress>
{
    /// <summary>The least time before a line, and between two, on a terminal.</summary>
    public static readonly TimeSpan TerminalInterval = TimeSpan.FromMilliseconds(500);

    private const string ClearLine = "\r\u001b[K";

    private readonly long _started = environment.Time.GetTimestamp();
    private TimeSpan _shown;
    private bool _isOnLine;

    private TimeSpan Interval =>
        environment.ErrorIsTerminal ? TerminalInterval : PlainProgress.Interval;

    public void Report(OpenProgress value)
    {
        TimeSpan elapsed = environment.Time.GetElapsedTime(_started);
        if (elapsed - _shown < Interval)
        {
            return;
        }

        _shown = elapsed;
        string text = string.Create(
            CultureInfo.InvariantCulture,
            $"opening '{directory}': {value.SegmentsDone:N0} of {value.SegmentsTotal:N0} "
            + $"segments, {value.Records:N0} records");
        if (environment.ErrorIsTerminal)
        {
            _isOnLine = true;
            environment.Error.Write($"{ClearLine}flashkv: {text}");
        }
        else
        {
            environment.Say(text);
        }
    }

    /// <summary>Takes the line away.</summary>
    public void End()
    {
        if (_isOnLine)
        {
            environment.Error.Write(ClearLine);
        }
    }
}
