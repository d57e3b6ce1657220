using System.Buffers;
using System.CommandLine;
using System.Text;
using FlashKV.Cli.Text;

namespace FlashKV.Cli.Commands;

/// <summary>How keys and values on the command line stand for bytes.</summary>
internal sealed class NotationOptions
{
    private readonly Option<bool> _hex = new("--hex")
    {
        Description = "Keys and values on the command line are hexadecimal digits.",
    };

    private readonly Option<bool> _escaped = new("--escaped", "-e")
    {
        Description = "They are in the notation that scan prints: \\\\ \\t \\n \\r \\xHH.",
    };

    public NotationOptions(Command command)
    {
        command.Options.Add(_hex);
        command.Options.Add(_escaped);
    }

    /// <summary>The bytes that <paramref name="text"/> stands for.</summary>
    /// <exception cref="ToolException">It is not in the notation that was asked for.</exception>
    public byte[] Parse(ParseResult line, string text, string what)
    {
        if (line.GetValue(_hex))
        {
            return ParseHex(text, what);
        }

        // The runtime puts this character for what is not UTF-8, and so another key would be used.
        if (text.Contains('\ufffd', StringComparison.Ordinal))
        {
            throw new ToolException(
                ExitCode.Usage, $"{what} is not valid UTF-8: write it with --hex or --escaped");
        }

        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return line.GetValue(_escaped) ? Unescape(bytes, what) : bytes;
    }

    /// <summary>The same for a key, which has 1 to 65,535 bytes.</summary>
    /// <exception cref="ToolException">It is no such key.</exception>
    public byte[] ParseKey(ParseResult line, string text)
    {
        byte[] key = Parse(line, text, "KEY");
        return key.Length is > 0 and <= FlashStore.MaxKeyLength ? key : throw new ToolException(
            ExitCode.Usage,
            $"KEY has {key.Length:N0} bytes; keys have 1 to {FlashStore.MaxKeyLength:N0}");
    }

    private static byte[] ParseHex(string text, string what)
    {
        try
        {
            return Convert.FromHexString(text);
        }
        catch (FormatException)
        {
            throw new ToolException(
                ExitCode.Usage, $"{what} '{text}' is not an even number of hexadecimal digits");
        }
    }

    private static byte[] Unescape(byte[] text, string what)
    {
        ArrayBufferWriter<byte> bytes = new(Math.Max(text.Length, 1));
        return ByteNotation.TryUnescape(text, bytes, out string? problem)
            ? bytes.WrittenSpan.ToArray()
            : throw new ToolException(ExitCode.Usage, $"{what}: {problem}");
    }
}
