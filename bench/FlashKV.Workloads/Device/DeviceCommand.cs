using System.CommandLine;
using FlashKV.SimBackend;
using FlashKV.Workloads.Harness;

namespace FlashKV.Workloads.Device;

/// <summary><c>device</c>: what is left of a device's rate behind rooms and adapter.</summary>
internal sealed class DeviceCommand : WorkloadCommand
{
    private readonly Option<DirectoryInfo?> _directory = new("--directory")
    {
        Description = "Where the file goes; a temporary directory if not given. It is deleted.",
        HelpName = "D",
    };

    private readonly Option<int> _size = new("--size")
    {
        Description = "The size of the file in MiB, at least 256.",
        HelpName = "MIB",
        DefaultValueFactory = _ => 2_048,
    };

    private readonly Option<double> _seconds = new("--seconds")
    {
        Description = "The length of a run.",
        HelpName = "S",
        DefaultValueFactory = _ => 2,
    };

    private readonly Option<FileAccessMethod> _method = new("--method")
    {
        Description = "How the file is reached, to compare one way with another.",
        DefaultValueFactory = _ => FileAccessMethod.Best,
    };

    public DeviceCommand()
        : base("device", "Reads and writes of a file through the adapter, beside fio's.")
    {
        Options.Add(_directory);
        Options.Add(_size);
        Options.Add(_seconds);
        Options.Add(_method);
        _size.Validators.Add(size =>
        {
            if (size.GetValueOrDefault<int>() < 256)
            {
                size.AddError("--size: a chunk of a virtual LUN is 256 MiB, so less is no file.");
            }
        });
    }

    protected override void Run(ParseResult line, Report report)
    {
        int mebibytes = report.IsQuick ? 256 : line.GetValue(_size);
        using DeviceFile file = DeviceFile.Create(line.GetValue(_directory), mebibytes);
        new DeviceWorkload(report, file, line.GetValue(_method))
        {
            SecondsEach = report.IsQuick ? 0.2 : line.GetValue(_seconds),
        }.Run();
    }
}
