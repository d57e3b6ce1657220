using System.CommandLine;
using FlashKV.Cli.Terminal;

namespace FlashKV.Cli.Commands;

/// <summary>How a verb opens the store, and how safe its writes are.</summary>
internal sealed class StoreOptions
{
    private readonly ToolEnvironment _environment;

    private readonly Option<long?> _memory = ByteSizeOption.Create(
        "--memory", "Memory that the store may use (as 256M or 1GiB).");

    private readonly Option<long?> _capacity = ByteSizeOption.Create(
        "--capacity", "Bytes that the store may take on the device.");

    private readonly Option<int?> _shards = new("--shards")
    {
        Description = "Shards of a store that is made anew: a power of two.",
        HelpName = "N",
    };

    private readonly Option<long?> _segment = ByteSizeOption.Create(
        "--segment", "Segment size of a store that is made anew: the bound of its values (1M).");

    private readonly Option<bool> _buffered = new("--buffered")
    {
        Description = "Answer before the data is on stable storage (safe if the process dies, "
            + "not if the power fails).",
    };

    private StoreOptions(ToolCommand command, bool writes, bool creates, bool restores = false)
    {
        _environment = command.Environment;
        command.Options.Add(_memory);
        if (creates || restores)
        {
            command.Options.Add(_capacity);
        }

        if (creates)
        {
            command.Options.Add(_shards);
            command.Options.Add(_segment);
        }

        if (writes)
        {
            command.Options.Add(_buffered);
        }
    }

    /// <summary>The options of a verb that only reads.</summary>
    public static StoreOptions ForReading(ToolCommand command) =>
        new(command, writes: false, creates: false);

    /// <summary>The options of a verb that writes.</summary>
    public static StoreOptions ForWriting(ToolCommand command) =>
        new(command, writes: true, creates: false);

    /// <summary>The options of a verb that writes, and makes the store if there is none.</summary>
    public static StoreOptions ForCreating(ToolCommand command) =>
        new(command, writes: true, creates: true);

    /// <summary>The options of a verb that makes a store and fills it.</summary>
    public static StoreOptions ForMaking(ToolCommand command) =>
        new(command, writes: false, creates: true);

    /// <summary>The options of a verb that makes a store of the shape of another.</summary>
    public static StoreOptions ForRestoring(ToolCommand command) =>
        new(command, writes: false, creates: false, restores: true);

    /// <summary>Whether writes need not wait for stable storage.</summary>
    public bool IsBuffered(ParseResult line) => line.GetValue(_buffered);

    /// <summary>The durability of the verb's writes.</summary>
    public Durability Durability(ParseResult line) =>
        IsBuffered(line) ? FlashKV.Durability.Buffered : FlashKV.Durability.Durable;

    /// <summary>Opens a store that is there.</summary>
    /// <exception cref="ToolException">There is none, or an option is out of its range.</exception>
    public FlashStore OpenExisting(ParseResult line, string directory)
    {
        if (!Directory.Exists(directory))
        {
            string reason = File.Exists(directory) ? "it is a file" : "no such directory";
            throw new ToolException(ExitCode.NoInput, $"no store in '{directory}': {reason}");
        }

        FlashStoreOptions options = Options(line) with { OpenMode = OpenMode.OpenExisting };
        return Open(directory, options);
    }

    /// <summary>Opens a store, or makes one.</summary>
    /// <exception cref="ToolException">
    /// None can be made there, or an option is out of its range.
    /// </exception>
    public FlashStore OpenOrCreate(ParseResult line, string directory)
    {
        FlashStoreOptions options = Options(line);
        bool isNew = !Directory.Exists(directory)
            || !Directory.EnumerateFileSystemEntries(directory).Any();
        try
        {
            return Open(directory, options);
        }
        catch (Exception failure) when (
            failure is NotAStoreException || (isNew && IsRefusal(failure)))
        {
            string reason = FailureReport.Message(failure);
            throw new ToolException(
                ExitCode.CannotCreate, $"cannot make a store in '{directory}': {reason}", failure);
        }
    }

    /// <summary>The options as the line gives them.</summary>
    /// <exception cref="ToolException">One is out of its range.</exception>
    public FlashStoreOptions Options(ParseResult line)
    {
        FlashStoreOptions options = new();
        if (line.GetValue(_memory) is long memory)
        {
            options = options with { MemoryBudget = memory };
        }

        if (line.GetValue(_capacity) is long capacity)
        {
            options = options with { Capacity = capacity };
        }

        if (line.GetValue(_shards) is int shards)
        {
            options = options with { Shards = shards };
        }

        if (line.GetValue(_segment) is long segment)
        {
            options = options with { SegmentBytes = (int)Math.Min(segment, int.MaxValue) };
        }

        return Validated(options);
    }

    private static bool IsRefusal(Exception failure) =>
        failure is UnauthorizedAccessException or IOException and not StoreLockedException;

    private FlashStore Open(string directory, FlashStoreOptions options)
    {
        var progress = new OpeningProgress(_environment, directory);
        FlashStore store;
        try
        {
            store = FlashStore.Open(directory, options with { OpenProgress = progress });
        }
        finally
        {
            progress.End();
        }

        foreach (string warning in store.OpenWarnings)
        {
            _environment.Say($"warning: {warning}");
        }

        return store;
    }

    private static FlashStoreOptions Validated(FlashStoreOptions options)
    {
        try
        {
            options.Validate();
            return options;
        }
        catch (ArgumentOutOfRangeException misuse)
        {
            throw new ToolException(ExitCode.Usage, Describe(misuse), misuse);
        }
    }

    /// <summary>The message in terms of the command line.</summary>
    private static string Describe(ArgumentOutOfRangeException misuse)
    {
        string option = misuse.ParamName switch
        {
            nameof(FlashStoreOptions.MemoryBudget) => "--memory",
            nameof(FlashStoreOptions.Capacity) => "--capacity",
            nameof(FlashStoreOptions.Shards) => "--shards",
            nameof(FlashStoreOptions.SegmentBytes) => "--segment",
            _ => misuse.ParamName ?? "",
        };

        // What follows repeats the name and the value.
        string message = misuse.Message.Split(" (Parameter", 2)[0].TrimEnd('.');
        return message.Replace(misuse.ParamName ?? "", option, StringComparison.Ordinal);
    }
}
