using System.CommandLine;
using FlashKV.Cli.Export;
using FlashKV.Cli.Terminal;

namespace FlashKV.Cli.Commands;

/// <summary><c>flashkv scan</c>: prints keys and values.</summary>
internal sealed class ScanCommand : ToolCommand
{
    private readonly Argument<string> _directory;

    private readonly Option<string?> _prefix = new("--prefix", "-p")
    {
        Description = "Only keys that begin so.",
        HelpName = "PREFIX",
    };

    private readonly Option<long?> _limit = new("--limit", "-n")
    {
        Description = "At most so many records.",
        HelpName = "N",
    };

    private readonly Option<bool> _keysOnly = new("--keys-only", "-k")
    {
        Description = "Keys without values.",
    };

    private readonly Option<string> _format = new("--format")
    {
        Description = "text: key, tab and value a line, other bytes as \\xHH; or jsonl.",
        DefaultValueFactory = _ => "text",
    };

    private readonly NotationOptions _notation;
    private readonly ReadingOptions _reading;

    public ScanCommand(ToolEnvironment environment)
        : base("scan", "Print the records of a store, in no order.", environment)
    {
        _directory = AddDirectory();
        _format.AcceptOnlyFromAmong("text", "jsonl");
        _limit.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<long?>() is < 0)
            {
                result.AddError("--limit is not negative");
            }
        });
        Options.Add(_prefix);
        Options.Add(_limit);
        Options.Add(_keysOnly);
        Options.Add(_format);
        _notation = new NotationOptions(this);
        _reading = new ReadingOptions(this);
    }

    protected override int Run(ParseResult line)
    {
        byte[] prefix = _notation.Parse(line, line.GetValue(_prefix) ?? "", "PREFIX");
        long limit = line.GetValue(_limit) ?? long.MaxValue;
        using OpenedView store = _reading.Open(line, line.GetRequiredValue(_directory));
        RecordWriter writer = line.GetValue(_format) == "jsonl"
            ? new JsonLinesWriter(Environment.Output, line.GetValue(_keysOnly))
            : new LinesWriter(Environment.Output, line.GetValue(_keysOnly));
        using (writer)
        {
            Print(store.View, writer, prefix, limit);
            writer.Flush();
        }

        return ExitCode.Success;
    }

    private void Print(StoreView view, RecordWriter writer, byte[] prefix, long limit)
    {
        if (limit == 0)
        {
            return;
        }

        long printed = 0;
        foreach (StoreEntry entry in view.Scan())
        {
            Environment.Stop.ThrowIfCancellationRequested();
            if (!entry.Key.StartsWith(prefix))
            {
                continue;
            }

            writer.Write(entry.Key, entry.Value);
            if (++printed == limit)
            {
                return;
            }
        }
    }
}
