using System.CommandLine;
using System.CommandLine.Parsing;
using FlashKV.SimBackend;

namespace FlashKV.Cli.Commands;

/// <summary>The adapters of a verb that has some: by options, or by a file.</summary>
internal sealed class AdapterMachineOptions
{
    private const long DefaultLunBytes = 1L << 30;

    private readonly Option<string?> _topology = new("--topology")
    {
        Description = "A file that says which adapters there are (JSON), instead of the rest.",
        HelpName = "FILE",
    };

    private readonly Option<TopologyLun[]> _luns = AdapterLunOption.Create();

    private readonly Option<int> _adapters = new("--adapters")
    {
        Description = "The number of adapters; each shows all LUNs.",
        HelpName = "N",
        DefaultValueFactory = _ => 1,
    };

    private readonly Option<int> _ports = new("--ports")
    {
        Description = "The ports of each adapter: 1, 2 or 4; each leads to all LUNs.",
        HelpName = "N",
        DefaultValueFactory = _ => 2,
    };

    private readonly Option<string> _mode = new("--mode")
    {
        Description = "How commands are handed over: ioarrin (command rooms) or sq.",
        DefaultValueFactory = _ => "ioarrin",
    };

    private readonly Option<int> _handles = new("--handles")
    {
        Description = "The resource handles of a context: 256, or 4096 as with 64 KiB pages.",
        HelpName = "N",
        DefaultValueFactory = _ => 256,
    };

    private readonly Option<TimeSpan> _latency = new("--latency")
    {
        Description = "What a batch of transfers takes longer, as 80us or 2ms.",
        HelpName = "TIME",
        CustomParser = ParseLatency,
    };

    public AdapterMachineOptions(Command command)
    {
        _mode.AcceptOnlyFromAmong("ioarrin", "sq");
        foreach (Option option in All)
        {
            command.Options.Add(option);
        }
    }

    private Option[] All => [.. Others, _topology];

    // What a topology file says instead.
    private Option[] Others => [_luns, _adapters, _ports, _mode, _handles, _latency];

    /// <summary>Whether any of the options was given.</summary>
    public bool AreGiven(ParseResult line) => Given(line, All).Any();

    /// <summary>What was given, for a command line of another process.</summary>
    public IEnumerable<string> ArgumentsIn(ParseResult line) => Given(line, All)
        .SelectMany(given => given.Tokens.Select(token => $"{given.Option.Name}={token.Value}"));

    /// <summary>The adapters that were asked for.</summary>
    /// <exception cref="ToolException">An option or the file is not right.</exception>
    public AdapterTopology TopologyIn(ParseResult line)
    {
        if (line.GetValue(_topology) is string file)
        {
            return Given(line, Others).Any()
                ? throw new ToolException(
                    ExitCode.Usage, "--topology says everything: give no other option with it")
                : AdapterTopologyFile.Read(file);
        }

        TopologyLun[] luns = line.GetValue(_luns) is { Length: > 0 } given
            ? given : [new TopologyLun { Name = "0", Bytes = DefaultLunBytes }];
        TopologyAdapter adapter = new()
        {
            Ports = OneOf(line, _ports, 1, 2, 4),
            Mode = line.GetValue(_mode) == "sq"
                ? SubmissionMode.SubmissionQueue : SubmissionMode.CommandRooms,
            Handles = OneOf(line, _handles, 256, 4096),
            Luns = [.. luns.Select(lun => new TopologyPath(lun.Name))],
        };
        TimeSpan latency = line.GetValue(_latency);
        int count = line.GetValue(_adapters);
        if (count is < 1 or > SimulatedHostOptions.MaxAdapters)
        {
            throw new ToolException(
                ExitCode.Usage, $"--adapters is 1 to {SimulatedHostOptions.MaxAdapters}");
        }

        return new AdapterTopology(
            [.. luns.Select(lun => lun with { Latency = latency })],
            [.. Enumerable.Repeat(adapter, count)]);
    }

    private static IEnumerable<OptionResult> Given(ParseResult line, Option[] options) => options
        .Select(line.GetResult).OfType<OptionResult>().Where(given => !given.Implicit);

    private static int OneOf(ParseResult line, Option<int> option, params int[] values)
    {
        int value = line.GetValue(option);
        return values.Contains(value) ? value : throw new ToolException(
            ExitCode.Usage, $"{option.Name} is one of {string.Join(", ", values)}, not {value}");
    }

    private static TimeSpan ParseLatency(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (AdapterDuration.TryParse(text, out TimeSpan latency))
        {
            return latency;
        }

        result.AddError($"'{text}' is not a time of at most 10 s: write for example 80us or 2ms");
        return default;
    }
}
