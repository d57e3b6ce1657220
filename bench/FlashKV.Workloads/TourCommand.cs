using System.CommandLine;

namespace FlashKV.Workloads;

/// <summary><c>tour</c>: this store alone, through all that it does.</summary>
internal sealed class TourCommand : Command
{
    private readonly Option<int> _keys = new("--keys")
    {
        Description = "Records.",
        DefaultValueFactory = _ => 5_000_000,
    };

    private readonly Option<int> _valueBytes = new("--value")
    {
        Description = "Bytes of a value.",
        DefaultValueFactory = _ => 100,
    };

    private readonly Option<string> _directory = new("--directory")
    {
        Description = "Where the store goes; a temporary directory if not given.",
    };

    private readonly Option<int> _memory = new("--memory")
    {
        Description = "Memory budget in MiB.",
        DefaultValueFactory = _ => 1_024,
    };

    private readonly Option<bool> _quick = new("--quick")
    {
        Description = "A hundredth of the records.",
    };

    public TourCommand()
        : base("tour", "Loads, gets, scans, verifies and reopens FlashKV, and prints the rates.")
    {
        Option[] options = [_keys, _valueBytes, _directory, _memory, _quick];
        Array.ForEach(options, Options.Add);
        SetAction(parsed => TourWorkload.Run(
            parsed.GetValue(_quick) ? parsed.GetValue(_keys) / 100 : parsed.GetValue(_keys),
            parsed.GetValue(_valueBytes),
            parsed.GetValue(_directory),
            parsed.GetValue(_memory)));
    }
}
