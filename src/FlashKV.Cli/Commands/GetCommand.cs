using System.CommandLine;
using FlashKV.Cli.Terminal;
using FlashKV.Cli.Text;

namespace FlashKV.Cli.Commands;

/// <summary><c>flashkv get</c>: writes a key's value to standard output, exactly.</summary>
internal sealed class GetCommand : ToolCommand
{
    private readonly Argument<string> _directory;
    private readonly Argument<string> _key = new("KEY") { Description = "The key." };
    private readonly NotationOptions _notation;
    private readonly ReadingOptions _reading;

    public GetCommand(ToolEnvironment environment)
        : base("get", "Write a key's value to standard output, byte for byte.", environment)
    {
        _directory = AddDirectory();
        Arguments.Add(_key);
        _notation = new NotationOptions(this);
        _reading = new ReadingOptions(this);
    }

    protected override int Run(ParseResult line)
    {
        byte[] key = _notation.ParseKey(line, line.GetRequiredValue(_key));
        using OpenedView store = _reading.Open(line, line.GetRequiredValue(_directory));
        byte[]? value = store.View.Get(key);
        if (value is null)
        {
            Environment.Say($"no such key: {ByteNotation.Escape(key)}");
            return ExitCode.Absent;
        }

        Environment.Output.Write(value);
        return ExitCode.Success;
    }
}
