using System.CommandLine;
using FlashKV.Cli.Import;
using FlashKV.Cli.Terminal;

namespace FlashKV.Cli.Commands;

/// <summary><c>flashkv put</c>: stores one value under a key.</summary>
internal sealed class PutCommand : ToolCommand
{
    private readonly Argument<string> _directory;
    private readonly Argument<string> _key = new("KEY") { Description = "The key." };

    private readonly Argument<string?> _value = new("VALUE")
    {
        Description = "The value; without it and without --file, standard input is the value.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> _file = new("--file", "-f")
    {
        Description = "The file whose bytes are the value.",
        HelpName = "FILE",
    };

    private readonly NotationOptions _notation;
    private readonly StoreOptions _store;

    public PutCommand(ToolEnvironment environment)
        : base("put", "Store a value under a key, in a store that is made if need be.", environment)
    {
        _directory = AddDirectory();
        Arguments.Add(_key);
        Arguments.Add(_value);
        Options.Add(_file);
        _notation = new NotationOptions(this);
        _store = StoreOptions.ForCreating(this);
        Validators.Add(result =>
        {
            if (result.GetValue(_file) is not null && result.GetValue(_value) is not null)
            {
                result.AddError("VALUE and --file exclude each other");
            }
        });
    }

    protected override int Run(ParseResult line)
    {
        byte[] key = _notation.ParseKey(line, line.GetRequiredValue(_key));
        byte[] value = ReadValue(line);
        using FlashStore store = _store.OpenOrCreate(line, line.GetRequiredValue(_directory));
        if (key.Length + (long)value.Length > store.MaxRecordLength)
        {
            throw new ToolException(
                ExitCode.DataError,
                $"KEY and VALUE have {key.Length + (long)value.Length:N0} bytes, more than the "
                + $"{store.MaxRecordLength:N0} of this store (see --segment)");
        }

        store.Put(key, value, _store.Durability(line));
        return ExitCode.Success;
    }

    private byte[] ReadValue(ParseResult line)
    {
        if (line.GetValue(_value) is string text)
        {
            return _notation.Parse(line, text, "VALUE");
        }

        using Stream input = line.GetValue(_file) is string path
            ? InputFile.Open(path)
            : new InterruptibleInput(Environment.Input, Environment.Stop);
        using MemoryStream bytes = new();
        input.CopyTo(bytes);
        return bytes.ToArray();
    }
}
