using FlashKV.Cli.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace FlashKV.Cli.Terminal;

/// <summary>Progress as a bar that moves, with the rate and the time left.</summary>
internal sealed class TerminalProgress : IProgressSink
{
    private readonly IAnsiConsole _console;
    private readonly ProgressTask _task;
    private readonly bool _endIsKnown;
    private long _records;

    private TerminalProgress(IAnsiConsole console, ProgressTask task, bool endIsKnown)
    {
        _console = console;
        _task = task;
        _endIsKnown = endIsKnown;
    }

    public static T Run<T>(
        ToolEnvironment environment,
        string title,
        long? totalBytes,
        string unit,
        Func<IProgressSink, T> work)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(environment.Error),
        });
        RateColumn rate = new(unit);
        return console.Progress().AutoClear(true).Columns(Columns(rate, totalBytes is not null))
            .Start(context =>
            {
                ProgressTask task = context.AddTask(Markup.Escape(title));
                task.MaxValue = Math.Max(totalBytes ?? 1, 1);
                task.IsIndeterminate = totalBytes is null;
                TerminalProgress progress = new(console, task, totalBytes is not null);
                rate.Source = progress;
                return work(progress);
            });
    }

    public void Report(long records, long bytes)
    {
        Volatile.Write(ref _records, records);
        if (_endIsKnown)
        {
            _task.Value = bytes;
        }
    }

    public void Say(string message) => _console.WriteLine($"flashkv: {message}");

    private static ProgressColumn[] Columns(RateColumn rate, bool endIsKnown) => endIsKnown
        ?
        [
            new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), rate,
            new RemainingTimeColumn(),
        ]
        : [new TaskDescriptionColumn(), new SpinnerColumn(), rate, new ElapsedTimeColumn()];

    private sealed class RateColumn(string unit) : ProgressColumn
    {
        public TerminalProgress? Source { get; set; }

        public override IRenderable Render(
            RenderOptions options, ProgressTask task, TimeSpan deltaTime)
        {
            long records = Source is null ? 0 : Volatile.Read(ref Source._records);
            TimeSpan elapsed = task.ElapsedTime ?? TimeSpan.Zero;
            string text = $"{records:N0} {unit}";
            return new Spectre.Console.Text(elapsed > TimeSpan.FromMilliseconds(200)
                ? $"{text}, {Quantity.PerSecond(records, elapsed)}/s" : text);
        }
    }
}
