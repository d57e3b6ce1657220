using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using FlashKV.Cli.Text;
using FlashKV.SimBackend;

namespace FlashKV.Cli.Commands;

/// <summary>
/// <c>--lun 1G</c>, <c>--lun file:PATH,size=1G,block=512,wwid=60…</c>: a LUN of every adapter.
/// </summary>
internal static class AdapterLunOption
{
    private const string FilePrefix = "file:";
    private const string MemoryPrefix = "memory:";

    public static Option<TopologyLun[]> Create() => new("--lun")
    {
        Description = "A LUN: SIZE or memory:SIZE in memory, file:PATH[,size=SIZE] in a file; "
            + "then ,block=512 or ,wwid=HEX. May be given several times.",
        HelpName = "LUN",
        CustomParser = Parse,
        Arity = ArgumentArity.ZeroOrMore,
    };

    private static TopologyLun[] Parse(ArgumentResult result)
    {
        List<TopologyLun> luns = [];
        foreach (Token token in result.Tokens)
        {
            try
            {
                luns.Add(Parse(
                    token.Value, luns.Count.ToString(CultureInfo.InvariantCulture)));
            }
            catch (FormatException problem)
            {
                result.AddError($"--lun {token.Value}: {problem.Message}");
            }
        }

        return [.. luns];
    }

    private static TopologyLun Parse(string text, string name)
    {
        string[] parts = text.Split(',');
        TopologyLun lun = Medium(parts[0], name);
        HashSet<string> given = lun.Bytes > 0 ? ["size"] : [];
        foreach (string part in parts.Skip(1))
        {
            string[] pair = part.Split('=', 2);
            lun = With(lun, part, pair[0], pair.Length == 2 ? pair[1] : "");
            if (!given.Add(pair[0]))
            {
                throw new FormatException($"'{pair[0]}' is given twice");
            }
        }

        return lun.Bytes > 0 || lun.File is not null ? lun : throw new FormatException(
            "a LUN in memory has a size");
    }

    private static TopologyLun Medium(string text, string name)
    {
        if (text.StartsWith(FilePrefix, StringComparison.Ordinal))
        {
            string path = text[FilePrefix.Length..];
            return path.Length > 0 ? new TopologyLun { Name = name, File = path }
                : throw new FormatException("'file:' wants a path");
        }

        string size = text.StartsWith(MemoryPrefix, StringComparison.Ordinal)
            ? text[MemoryPrefix.Length..] : text;
        return new TopologyLun { Name = name, Bytes = Size(size) };
    }

    private static TopologyLun With(TopologyLun lun, string part, string name, string value) =>
        name switch
        {
            "size" => lun with { Bytes = Size(value) },
            "block" => lun with { BlockBytes = Block(value) },
            "wwid" => lun with { Wwid = Wwid(value) },
            _ => throw new FormatException(
                $"'{part}' is not known; there is size=, block= and wwid="),
        };

    private static long Size(string text) =>
        Quantity.TryParseBytes(text, out long bytes)
            && bytes > 0 && bytes % SimBackend.Medium.BlockBytes == 0
            ? bytes
            : throw new FormatException(
                $"'{text}' is not a size in whole blocks of 4,096 bytes, as 1G");

    private static int Block(string text) => text switch
    {
        "512" => 512,
        "4096" => 4096,
        _ => throw new FormatException($"a block has 512 or 4096 bytes, not '{text}'"),
    };

    private static byte[] Wwid(string text) =>
        text.Length == 2 * SimulatedLunOptions.WwidLength && text.All(char.IsAsciiHexDigit)
            ? Convert.FromHexString(text)
            : throw new FormatException($"'{text}' is not 32 hexadecimal digits");
}
