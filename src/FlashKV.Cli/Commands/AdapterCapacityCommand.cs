using System.CommandLine;
using System.CommandLine.Parsing;
using FlashKV.Cli.Terminal;
using FlashKV.Cli.Text;
using FlashKV.SimBackend;

namespace FlashKV.Cli.Commands;

/// <summary><c>flashkv adapter capacity</c>: changes the capacity of a LUN.</summary>
internal sealed class AdapterCapacityCommand : AdapterControlCommand
{
    private readonly Argument<int> _lun = new("LUN")
    {
        Description = "The LUN's number on the adapter.",
    };

    private readonly Argument<long> _size = new("SIZE")
    {
        Description = "The capacity, at most that of the LUN's medium.",
        CustomParser = Parse,
    };

    public AdapterCapacityCommand(ToolEnvironment environment)
        : base("capacity", "Change the capacity of a LUN, on all its adapters.", environment)
    {
        Arguments.Add(_lun);
        Arguments.Add(_size);
    }

    /// <inheritdoc/>
    protected override void Run(AdapterControl control, int adapter, ParseResult line) =>
        control.SetCapacity(
            adapter,
            line.GetRequiredValue(_lun),
            line.GetRequiredValue(_size) / Medium.BlockBytes);

    private static long Parse(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (Quantity.TryParseBytes(text, out long bytes)
            && bytes > 0 && bytes % Medium.BlockBytes == 0)
        {
            return bytes;
        }

        result.AddError($"'{text}' is not a size in whole blocks of 4,096 bytes: write "
            + "for example 512M or 2GiB");
        return 0;
    }
}
