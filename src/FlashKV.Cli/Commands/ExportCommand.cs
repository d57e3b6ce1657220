using System.CommandLine;
using FlashKV.Analytics;
using FlashKV.Cli.Export;
using FlashKV.Cli.Terminal;
using FlashKV.Cli.Text;

namespace FlashKV.Cli.Commands;

/// <summary>
/// <c>flashkv export</c>: writes all records, as text that <c>import</c> restores or as a table.
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
        Description = "jsonl, csv, lines, parquet or arrow; told by the file's extension if not "
            + "given.",
    };

    private readonly Option<string[]> _columns = new("--column", "-c")
    {
        Description = "parquet and arrow, once for each column: its name, its type (bytes, text, "
            + "int, double, bool or timestamp) and where it comes from: key, value, version, or "
            + ".FIELD of a value in JSON (.a.b is b within a). Without a type: bytes of key and "
            + "value, text of a field. Without a source: the name tells it. Without columns: key, "
            + "value and version.",
        HelpName = "NAME[:TYPE][=SOURCE]",
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
        _format.AcceptOnlyFromAmong(RecordFormats.ExportNames);
        Options.Add(_format);
        Options.Add(_columns);
        Options.Add(_quiet);
        _reading = new ReadingOptions(this);
    }

    protected override int Run(ParseResult line)
    {
        string path = line.GetRequiredValue(_file);
        RecordFormat format = RecordFormats.Choose(
            line.GetValue(_format), path, RecordFormats.ExportNames);
        TableSchema? schema = SchemaOf(line, format);
        using OpenedView store = _reading.Open(line, line.GetRequiredValue(_directory));
        using ExportOutput output = ExportOutput.Create(path, Environment);
        if (schema is not null && !output.IsFile)
        {
            throw new ToolException(
                ExitCode.Usage, $"a table needs a file, and '{path}' can only be written on");
        }

        bool quiet = line.GetValue(_quiet);
        long started = Environment.Time.GetTimestamp();
        (long count, long bytes) = ProgressDisplay.Run(
            Environment,
            quiet,
            $"export {path}",
            null,
            progress => schema is null
                ? Write(store.View, format, output.Stream, progress)
                : (new TableWriter(store.View, schema, format, Environment)
                    .Write(output.Stream, progress), output.Stream.Length));
        output.Complete();
        if (!quiet)
        {
            TimeSpan elapsed = Environment.Time.GetElapsedTime(started);
            Environment.Say($"{Quantity.Count(count, "record")} exported, "
                + $"{Quantity.Bytes(bytes)} in {Quantity.Seconds(elapsed)}");
        }

        return ExitCode.Success;
    }

    private TableSchema? SchemaOf(ParseResult line, RecordFormat format)
    {
        string[] columns = line.GetValue(_columns) ?? [];
        return format is RecordFormat.Parquet or RecordFormat.Arrow ? TableColumns.Parse(columns)
            : columns.Length == 0 ? null
            : throw new ToolException(
                ExitCode.Usage, "--column means nothing for this format");
    }

    private static RecordWriter Open(RecordFormat format, Stream stream) => format switch
    {
        RecordFormat.JsonLines => new JsonLinesWriter(stream, keysOnly: false),
        RecordFormat.Csv => new CsvWriter(stream),
        _ => new LinesWriter(stream, keysOnly: false),
    };

    private (long Count, long Bytes) Write(
        StoreView view, RecordFormat format, Stream stream, IProgressSink progress)
    {
        using RecordWriter writer = Open(format, stream);
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
        return (count, writer.BytesWritten);
    }
}
