using System.CommandLine;
using FlashKV.Cli.Terminal;

namespace FlashKV.Cli.Commands;

/// <summary>
/// How a verb that only reads comes to the records: it opens the store, or, if another process has
/// it open and allows that, a clone of it.
/// </summary>
internal sealed class ReadingOptions
{
    private readonly ToolEnvironment _environment;
    private readonly StoreOptions _store;

    private readonly Option<bool> _clone = new("--clone")
    {
        Description = "Read a clone of the store that another process has open (with AllowClones).",
    };

    public ReadingOptions(ToolCommand command)
    {
        _environment = command.Environment;
        command.Options.Add(_clone);
        _store = StoreOptions.ForReading(command);
    }

    /// <summary>Opens what is to be read.</summary>
    /// <exception cref="ToolException">
    /// There is no store, or an option is out of its range.
    /// </exception>
    public OpenedView Open(ParseResult line, string directory)
    {
        if (!line.GetValue(_clone))
        {
            return new OpenedView(_store.OpenExisting(line, directory));
        }

        FlashStoreOptions options = _store.Options(line);
        var progress = new OpeningProgress(_environment, directory);
        try
        {
            return new OpenedView(FlashStore.OpenClone(directory, new ClonedStoreOptions
            {
                MemoryBudget = options.MemoryBudget,
                OpenProgress = progress,
            }));
        }
        finally
        {
            progress.End();
        }
    }
}
