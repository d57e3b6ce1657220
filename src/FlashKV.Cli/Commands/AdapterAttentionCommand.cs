using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using FlashKV.Cli.Terminal;
using FlashKV.SimBackend;

namespace FlashKV.Cli.Commands;

/// <summary>
/// <c>flashkv adapter attention</c>: makes the next command on a LUN end with a unit attention.
/// </summary>
internal sealed class AdapterAttentionCommand : AdapterControlCommand
{
    private const int Reset = 0x2900;
    private const int Digits = 4;

    private readonly Argument<int> _lun = new("LUN")
    {
        Description = "The LUN's number on the adapter.",
    };

    private readonly Argument<int?> _code = new("CODE")
    {
        Description = "Additional sense code and qualifier in hexadecimal: 2900 reset (the "
            + "default), 2A09 capacity changed, 3F0E LUNs changed.",
        Arity = ArgumentArity.ZeroOrOne,
        CustomParser = Parse,
    };

    public AdapterAttentionCommand(ToolEnvironment environment)
        : base("attention", "Make the next command on a LUN report a unit attention.", environment)
    {
        Arguments.Add(_lun);
        Arguments.Add(_code);
    }

    /// <inheritdoc/>
    protected override void Run(AdapterControl control, int adapter, ParseResult line)
    {
        int code = line.GetValue(_code) ?? Reset;
        control.InjectUnitAttention(
            adapter, line.GetRequiredValue(_lun), (byte)(code >> 8), (byte)code);
    }

    private static int? Parse(ArgumentResult result)
    {
        if (result.Tokens.Count == 0)
        {
            return null;
        }

        string text = result.Tokens[0].Value;
        if (text.Length == Digits && ushort.TryParse(
            text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort code))
        {
            return code;
        }

        result.AddError($"'{text}' is no sense code: write four hexadecimal digits, as 2900");
        return null;
    }
}
