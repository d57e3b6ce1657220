using System.CommandLine;
using FlashKV.Workloads;
using FlashKV.Workloads.Device;
using FlashKV.Workloads.Resets;
using FlashKV.Workloads.Rooms;

Option<int> keys = new("--keys")
{
    Description = "Records.",
    DefaultValueFactory = _ => 5_000_000,
};
Option<int> valueBytes = new("--value")
{
    Description = "Bytes of a value.",
    DefaultValueFactory = _ => 100,
};
Option<string> directory = new("--directory")
{
    Description = "Where the store goes; a temporary directory if not given.",
};
Option<int> memory = new("--memory")
{
    Description = "Memory budget in MiB.",
    DefaultValueFactory = _ => 1_024,
};
Option<bool> quick = new("--quick") { Description = "A hundredth of the records." };

Command load = new(
    "load", "Loads records, reads, scans, verifies and reopens them, and prints the rates.")
{
    keys, valueBytes, directory, memory, quick,
};
load.SetAction(parsed => LoadWorkload.Run(
    parsed.GetValue(quick) ? parsed.GetValue(keys) / 100 : parsed.GetValue(keys),
    parsed.GetValue(valueBytes),
    parsed.GetValue(directory),
    parsed.GetValue(memory)));

RootCommand root = new("Whole runs of FlashKV.")
{
    load, new DeviceCommand(), new ResetsCommand(), new RoomsCommand(),
};
return root.Parse(args).Invoke();
