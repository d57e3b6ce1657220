using FlashKV.Cli.Text;

namespace FlashKV.Cli.Terminal;

/// <summary>Progress in lines, for logs: the first after some seconds, then as far apart.</summary>
internal sealed class PlainProgress(
    ToolEnvironment environment, string title, long? totalBytes, string unit = "records")
    : IProgressSink
{
    /// <summary>The least time between two lines.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly long _started = environment.Time.GetTimestamp();
    private TimeSpan _next = Interval;

    public void Report(long records, long bytes)
    {
        TimeSpan elapsed = environment.Time.GetElapsedTime(_started);
        if (elapsed < _next)
        {
            return;
        }

        _next = elapsed + Interval;
        environment.Say($"{title}: {Describe(records, bytes, elapsed)}");
    }

    public void Say(string message) => environment.Say(message);

    private string Describe(long records, long bytes, TimeSpan elapsed)
    {
        string rate = $"{Quantity.PerSecond(records, elapsed)} {unit}/s";
        if (totalBytes is not long total || bytes <= 0 || bytes > total)
        {
            return $"{records:N0} {unit}, {Quantity.Bytes(bytes)}, {rate}";
        }

        TimeSpan left = elapsed * ((double)(total - bytes) / bytes);
        return $"{records:N0} {unit}, {Quantity.Bytes(bytes)} of {Quantity.Bytes(total)}, "
            + $"{rate}, {Quantity.Clock(left)} left";
    }
}
