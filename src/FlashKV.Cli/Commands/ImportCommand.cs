using System.CommandLine;
using System.CommandLine.Parsing;
using FlashKV.Cli.Import;
using FlashKV.Cli.Terminal;
using FlashKV.Cli.Text;

namespace FlashKV.Cli.Commands;

/// <summary><c>flashkv import</c>: loads a text file or standard input.</summary>
internal sealed class ImportCommand : ToolCommand
{
    private const int DefaultAcknowledgeEvery = 1_000;

    private readonly Argument<string> _directory;

    private readonly Argument<string> _file = new("FILE")
    {
        Description = "The file, or - for standard input.",
    };

    private readonly ReaderOptions _reader;

    private readonly Option<string> _onError = new("--on-error")
    {
        Description = "At a bad record: stop, with all before it imported; or skip it.",
        DefaultValueFactory = _ => "stop",
    };

    private readonly Option<int?> _acks = new("--acks")
    {
        Description = "Print 'acked COUNT' on standard output each time N records more are "
            + $"durable (N: {DefaultAcknowledgeEvery:N0}).",
        HelpName = "N",
        Arity = ArgumentArity.ZeroOrOne,
        CustomParser = ParseAcknowledgeEvery,
    };

    private readonly Option<bool> _quiet = new("--quiet", "-q")
    {
        Description = "No progress and no summary.",
    };

    private readonly StoreOptions _store;

    public ImportCommand(ToolEnvironment environment)
        : base("import", "Load records from JSON lines, CSV or lines of text.", environment)
    {
        _directory = AddDirectory();
        Arguments.Add(_file);
        _reader = new ReaderOptions(this);
        _onError.AcceptOnlyFromAmong("stop", "skip");
        Options.Add(_onError);
        Options.Add(_acks);
        Options.Add(_quiet);
        _store = StoreOptions.ForCreating(this);
    }

    protected override int Run(ParseResult line)
    {
        string path = line.GetRequiredValue(_file);
        using ImportInput input = ImportInput.Open(path, Environment);
        using RecordReader reader = _reader.Open(line, path, input.Stream);
        using FlashStore store = _store.OpenOrCreate(line, line.GetRequiredValue(_directory));
        Importer importer = new(store, reader, input, Environment);
        ImportSettings settings = new()
        {
            SkipBad = line.GetValue(_onError) == "skip",
            AcknowledgeEvery = line.GetValue(_acks),
            Buffered = _store.IsBuffered(line),
        };
        long started = Environment.Time.GetTimestamp();
        ImportSummary summary = ProgressDisplay.Run(
            Environment,
            line.GetValue(_quiet),
            $"import {path}",
            input.TotalBytes,
            progress => importer.Run(settings, progress));
        if (!line.GetValue(_quiet) || summary.Stopped)
        {
            Environment.Say(Describe(summary, Environment.Time.GetElapsedTime(started)));
        }

        return ExitCode.Success;
    }

    private static string Describe(ImportSummary summary, TimeSpan elapsed)
    {
        string skipped = summary.Skipped == 0
            ? "" : $", {Quantity.Count(summary.Skipped, "bad record")} skipped";
        string stopped = summary.Stopped ? "stopped by a signal: " : "";
        return $"{stopped}{Quantity.Count(summary.Imported, "record")} imported, "
            + $"{summary.Overwrote:N0} of them over an earlier one of the same key{skipped}; "
            + $"{Quantity.Bytes(summary.Bytes)} in {Quantity.Seconds(elapsed)}, "
            + $"{Quantity.PerSecond(summary.Imported, elapsed)} records/s";
    }

    private static int? ParseAcknowledgeEvery(ArgumentResult result)
    {
        if (result.Tokens.Count == 0)
        {
            return DefaultAcknowledgeEvery;
        }

        string text = result.Tokens[0].Value;
        if (int.TryParse(text, out int every) && every > 0)
        {
            return every;
        }

        result.AddError($"'{text}' is not a number of records");
        return null;
    }
}
