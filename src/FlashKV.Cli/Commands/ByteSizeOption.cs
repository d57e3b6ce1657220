using System.CommandLine;
using System.CommandLine.Parsing;
using FlashKV.Cli.Text;

namespace FlashKV.Cli.Commands;

/// <summary>An option that is a number of bytes, with or without a unit.</summary>
internal static class ByteSizeOption
{
    public static Option<long?> Create(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "SIZE",
        CustomParser = Parse,
    };

    private static long? Parse(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (Quantity.TryParseBytes(text, out long bytes) && bytes > 0)
        {
            return bytes;
        }

        result.AddError($"'{text}' is not a size: write for example 64M, 2GiB or 1500000");
        return null;
    }
}
