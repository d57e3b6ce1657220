using System.CommandLine;
using FlashKV.Cli.Export;
using FlashKV.Cli.Terminal;
using FlashKV.Cli.Text;

namespace FlashKV.Cli.Commands;

/// <summary>
/// <c>flashkv export</c>: writes all records, so that <c>import</c> restores them.
/// </summary>
internal sealed class ExportCommand : ToolCommand
{
    private const int ReportEvery = 256;

    private readonly Argument<string> _directory;

    private readonly Argument<string> _file = new("FILE")
    {
        Description = "The file, which is replaced if it is there, or - for standard output.",
    };

    private readonly Option<string?> _format = new("--format")
    {
        Description = "jsonl, csv or lines; told by the file's extension if not given.",
    };

    private readonly Option<bool> _quiet = new("--quiet", "-q")
    {
        Description = "No progress and no summary.",
    };

    private readonly ReadingOptions _reading;

    public ExportCommand(ToolEnvironment environment)
        : base("export", "Write every record to a file, in no order.", environment)
    {
        _directory = AddDirectory();
        Arguments.Add(_file);
        _format.AcceptOnlyFromAmong(RecordFormats.Names);
        Options.Add(_format);
        Options.Add(_quiet);
        _reading = new ReadingOptions(this);
    }

    protected override int Run(ParseResult line)
    {
        string path = line.GetRequiredValue(_file);
        RecordFormat format = RecordFormats.Choose(line.GetValue(_format), path);
        using OpenedView store = _reading.Open(line, line.GetRequiredValue(_directory));
        using ExportOutput output = ExportOutput.Create(path, Environment);
        using RecordWriter writer = Open(format, output.Stream);
        bool quiet = line.GetValue(_quiet);
        long started = Environment.Time.GetTimestamp();
        long count = ProgressDisplay.Run(
            Environment,
            quiet,
            $"export {path}",
            null,
            progress => Write(store.View, writer, progress));
        output.Complete();
        if (!quiet)
        {
            TimeSpan elapsed = Environment.Time.GetElapsedTime(started);
            Environment.Say($"{Quantity.Count(count, "record")} exported, "
                + $"{Quantity.Bytes(writer.BytesWritten)} in {Quantity.Seconds(elapsed)}");
        }

        return ExitCode.Success;
    }

    private static RecordWriter Open(RecordFormat format, Stream stream) => format switch
    {
        RecordFormat.JsonLines => new JsonLinesWriter(stream, keysOnly: false),
        RecordFormat.Csv => new CsvWriter(stream),
        _ => new LinesWriter(stream, keysOnly: false),
    };

    private long Write(StoreView view, RecordWriter writer, IProgressSink progress)
    {
        long count = 0;
        foreach (StoreEntry entry in view.Scan())
        {
            Environment.Stop.ThrowIfCancellationRequested();
            writer.Write(entry.Key, entry.Value);
            if (++count % ReportEvery == 0)
            {
                progress.Report(count, writer.BytesWritten);
            }
        }

        writer.Flush();
        return count;
    }
}
