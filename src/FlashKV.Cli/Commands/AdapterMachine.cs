using FlashKV.SimBackend;

namespace FlashKV.Cli.Commands;

/// <summary>Adapters made from a topology, with the media under them.</summary>
internal sealed class AdapterMachine : IDisposable
{
    private readonly List<Medium> _media = [];

    private AdapterMachine()
    {
    }

    /// <summary>The adapters.</summary>
    public SimulatedHost Host { get; private set; } = null!;

    /// <summary>Makes them.</summary>
    /// <exception cref="ToolException">A file cannot be opened, or two things disagree.</exception>
    public static AdapterMachine Create(AdapterTopology topology)
    {
        AdapterMachine machine = new();
        try
        {
            machine.Build(topology);
            return machine;
        }
        catch (ArgumentException refusal)
        {
            machine.Dispose();
            throw new ToolException(ExitCode.DataError, FailureReport.Refusal(refusal), refusal);
        }
        catch
        {
            machine.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Host?.Dispose();
        _media.ForEach(medium => medium.Dispose());
    }

    private void Build(AdapterTopology topology)
    {
        Dictionary<string, Medium> media = topology.Luns.ToDictionary(
            lun => lun.Name, Open);
        Host = new SimulatedHost(new SimulatedHostOptions
        {
            Adapters = [.. topology.Adapters.Select(adapter => new SimulatedAdapterOptions
            {
                PortCount = adapter.Ports,
                SubmissionMode = adapter.Mode,
                HandlesPerContext = adapter.Handles,
                ContextCount = adapter.Contexts,
                CommandRooms = adapter.Rooms,
                ReportsResets = adapter.ReportsResets,
                Luns = [.. adapter.Luns.Select(path => Lun(topology, path, media[path.Lun]))],
            })],
        });
    }

    private static SimulatedLunOptions Lun(
        AdapterTopology topology, TopologyPath path, Medium medium)
    {
        TopologyLun lun = topology.Luns.First(lun => lun.Name == path.Lun);
        return new SimulatedLunOptions(medium)
        {
            PortMask = path.PortMask,
            BlockBytes = lun.BlockBytes,
            Wwid = lun.Wwid,
            IsSuperpipe = path.IsSuperpipe,
        };
    }

    private Medium Open(TopologyLun lun)
    {
        Medium medium = lun.File is null
            ? new MemoryMedium(lun.Bytes / Medium.BlockBytes) : OpenFile(lun);
        _media.Add(medium);
        if (lun.Latency > TimeSpan.Zero)
        {
            medium = new DelayedMedium(medium, lun.Latency);
            _media.Add(medium);
        }

        return medium;
    }

    private static FileMedium OpenFile(TopologyLun lun)
    {
        FileInfo file = new(lun.File!);
        if (lun.Bytes == 0 && (!file.Exists || file.Length == 0))
        {
            throw new ToolException(
                ExitCode.NoInput, $"LUN file '{lun.File}' does not exist, so it needs a size");
        }

        try
        {
            FileMedium medium = FileMedium.Open(
                lun.File!, Math.Max(1, lun.Bytes / Medium.BlockBytes));
            if (lun.Bytes > 0 && medium.BlockCount != lun.Bytes / Medium.BlockBytes)
            {
                long bytes = medium.BlockCount * Medium.BlockBytes;
                medium.Dispose();
                throw new ToolException(
                    ExitCode.DataError,
                    $"LUN file '{lun.File}' has {bytes} bytes, not {lun.Bytes}");
            }

            return medium;
        }
        catch (MediumUnavailableException failure)
        {
            throw new ToolException(
                failure.Reason == MediumUnavailableReason.Locked
                    ? ExitCode.Locked : ExitCode.CannotCreate,
                FailureReport.Message(failure),
                failure);
        }
    }
}
