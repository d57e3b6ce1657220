using System.CommandLine;
using FlashKV.Cli.Terminal;
using FlashKV.Cli.Text;

namespace FlashKV.Cli.Commands;

/// <summary><c>flashkv del</c>: removes a key.</summary>
internal sealed class DelCommand : ToolCommand
{
    private readonly Argument<string> _directory;
    private readonly Argument<string> _key = new("KEY") { Description = "The key." };
    private readonly NotationOptions _notation;
    private readonly StoreOptions _store;

    public DelCommand(ToolEnvironment environment)
        : base("del", "Remove a key.", environment)
    {
        _directory = AddDirectory();
        Arguments.Add(_key);
        _notation = new NotationOptions(this);
        _store = StoreOptions.ForWriting(this);
    }

    protected override int Run(ParseResult line)
    {
        byte[] key = _notation.ParseKey(line, line.GetRequiredValue(_key));
        using FlashStore store = _store.OpenExisting(line, line.GetRequiredValue(_directory));
        if (store.Delete(key, _store.Durability(line)))
        {
            return ExitCode.Success;
        }

        Environment.Say($"no such key: {ByteNotation.Escape(key)}");
        return ExitCode.Absent;
    }
}
