using System.CommandLine;
using FlashKV.Cli.Terminal;
using FlashKV.Cli.Text;

namespace FlashKV.Cli.Commands;

/// <summary><c>flashkv compact</c>: gives back all the space that can be.</summary>
internal sealed class CompactCommand : ToolCommand
{
    private readonly Argument<string> _directory;
    private readonly StoreOptions _store;

    public CompactCommand(ToolEnvironment environment)
        : base("compact", "Move live records together and give space back.", environment)
    {
        _directory = AddDirectory();
        _store = StoreOptions.ForReading(this);
    }

    protected override int Run(ParseResult line)
    {
        using FlashStore store = _store.OpenExisting(line, line.GetRequiredValue(_directory));
        CompactionResult result = store.CompactAsync(Environment.Stop).AsTask()
            .GetAwaiter().GetResult();
        Environment.WriteLine(
            $"{Quantity.Count(result.Segments, "segment")} compacted, "
            + $"{Quantity.Bytes(result.MovedBytes)} moved; the log went from "
            + $"{Quantity.Bytes(result.LogBytesBefore)} to {Quantity.Bytes(result.LogBytesAfter)}");
        return ExitCode.Success;
    }
}
