using System.CommandLine;
using System.CommandLine.Parsing;
using FlashKV.Workloads.Stores;

namespace FlashKV.Workloads.Comparing;

/// <summary>A verb that compares stores.</summary>
internal abstract class StoreCommand : Command
{
    private readonly IReadOnlyList<IStoreKind> _kinds;
    private readonly long _quickKeys;
    private readonly Option<string[]> _stores = List("--stores", "The stores, by name.", "S,…");
    private readonly Option<string> _durability = new("--durability")
    {
        Description = "The class of writes: memory, process or power. A store that has not this "
            + "one runs in the next weaker one that it has, and the report says so.",
        DefaultValueFactory = _ => "process",
    };

    private readonly Option<long> _keys = new("--keys") { Description = "Records." };
    private readonly Option<int[]> _values = List<int>("--value", "Bytes of a value.", "B,…");
    private readonly Option<int> _keyBytes = new("--key-bytes")
    {
        Description = "Bytes of a key, at least 16.",
        DefaultValueFactory = _ => 16,
    };

    private readonly Option<int[]> _threads = List<int>("--threads", "Threads.", "N,…");
    private readonly Option<double> _seconds = new("--seconds")
    {
        Description = "The length of a run; half as long again for latencies.",
    };

    private readonly Option<int> _rounds = new("--rounds")
    {
        Description = "Runs of each store, in turn.",
        DefaultValueFactory = _ => 5,
    };

    private readonly Option<DirectoryInfo?> _directory = new("--directory")
    {
        Description = "Where the stores go; a temporary directory if not given. It is emptied.",
        HelpName = "D",
    };

    private readonly Option<bool> _quick = new("--quick")
    {
        Description = "Only show that it runs: tiny sizes, under two minutes.",
    };

    private readonly Option<FileInfo?> _json = new("--json")
    {
        Description = "Also write the results to this file, as an array of JSON.",
        HelpName = "FILE",
    };

    private readonly Option<FileInfo?> _html = new("--html")
    {
        Description = "Also write a page with plots to this file.",
        HelpName = "FILE",
    };

    protected StoreCommand(
        string name, string description, IReadOnlyList<IStoreKind> kinds, StoreDefaults defaults)
        : base(name, description)
    {
        _kinds = kinds;
        _quickKeys = defaults.QuickKeys;
        _stores.DefaultValueFactory = _ => [.. kinds.Select(kind => kind.Name)
            .Where(name => name is not (BareKind.CeilingName or LineKind.KindName))];
        _keys.DefaultValueFactory = _ => defaults.Keys;
        _values.DefaultValueFactory = _ => [defaults.ValueBytes];
        _threads.DefaultValueFactory = _ => defaults.Threads;
        _seconds.DefaultValueFactory = _ => defaults.Seconds;
        Option[] options =
        [
            _stores, _durability, _keys, _values, _keyBytes, _threads, _seconds, _rounds,
            _directory, _quick, _json, _html,
        ];
        Array.ForEach(options, Options.Add);
        SetAction(Run);
    }

    /// <summary>An option that takes a list with commas.</summary>
    protected static Option<string[]> List(string name, string description, string help) =>
        new(name)
        {
            Description = description,
            HelpName = help,
            CustomParser = result => Split(result),
        };

    /// <summary>An option that takes a list of numbers with commas.</summary>
    protected static Option<T[]> List<T>(string name, string description, string help)
        where T : IParsable<T> => new(name)
        {
            Description = description,
            HelpName = help,
            CustomParser = result => [.. Split(result).Select(one => T.Parse(one, null))],
        };

    /// <summary>Compares.</summary>
    protected abstract void Run(ParseResult line, StoreContest contest);

    private static string[] Split(ArgumentResult result) =>
        [.. result.Tokens.SelectMany(token => token.Value.Split(','))];

    private int Run(ParseResult line)
    {
        bool quick = line.GetValue(_quick);
        StoreReport report = new(Name, quick);
        string parent = line.GetValue(_directory)?.FullName ?? Path.GetTempPath();
        DirectoryInfo root = Directory.CreateDirectory(
            Path.Combine(parent, $"flashkv-{Name}-{Environment.ProcessId}"));
        try
        {
            Run(line, new StoreContest(report, root, _kinds, line.GetValue(_stores)!)
            {
                Durability = Parse(line.GetValue(_durability)!),
                Keys = quick ? Math.Min(line.GetValue(_keys), _quickKeys) : line.GetValue(_keys),
                ValueBytes = line.GetValue(_values)!,
                KeyBytes = line.GetValue(_keyBytes),
                Threads = quick ? line.GetValue(_threads)![^1..] : line.GetValue(_threads)!,
                Seconds = quick ? 0.1 : line.GetValue(_seconds),
                Rounds = quick ? 1 : line.GetValue(_rounds),
            });
        }
        catch (ArgumentException e)
        {
            Console.Error.WriteLine(e.Message);
            return 1;
        }
        finally
        {
            root.Delete(recursive: true);
        }

        report.WriteText(Console.Out);
        if (line.GetValue(_json) is { } json)
        {
            report.WriteJson(json.FullName);
        }

        if (line.GetValue(_html) is { } html)
        {
            HtmlReport.Write(report, html.FullName);
        }

        return 0;
    }

    private static DurabilityClass Parse(string name) => name switch
    {
        "memory" => DurabilityClass.MemoryOnly,
        "process" => DurabilityClass.KilledProcess,
        "power" => DurabilityClass.PowerCut,
        _ => throw new ArgumentException($"--durability: {name} is not memory, process or power."),
    };
}
