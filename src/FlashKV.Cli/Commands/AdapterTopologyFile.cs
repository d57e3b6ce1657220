using System.Text.Json;
using FlashKV.Cli.Text;
using FlashKV.SimBackend;

namespace FlashKV.Cli.Commands;

/// <summary>Reads a topology from JSON. See docs/adapter.md, "Topology file".</summary>
/// <remarks>A message names the place, what is there, and what may be there.</remarks>
internal static class AdapterTopologyFile
{
    private static readonly JsonDocumentOptions s_options = new()
    {
        AllowTrailingCommas = true,
        CommentHandling = JsonCommentHandling.Skip,
    };

    /// <summary>Reads a file.</summary>
    /// <exception cref="ToolException">It is not there, or what it says cannot be.</exception>
    public static AdapterTopology Read(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            using JsonDocument document = JsonDocument.Parse(stream, s_options);
            return Read(new TopologyElement(path, "", document.RootElement));
        }
        catch (JsonException failure)
        {
            throw new ToolException(
                ExitCode.DataError,
                $"topology '{path}', line {failure.LineNumber + 1}: not JSON",
                failure);
        }
        catch (Exception failure) when (failure is FileNotFoundException
            or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            throw new ToolException(
                ExitCode.NoInput, $"topology '{path}': {FailureReport.Message(failure)}", failure);
        }
    }

    private static AdapterTopology Read(TopologyElement root)
    {
        root.AllowOnly("luns", "adapters");
        TopologyLun[] luns = [.. root.Required("luns").Items().Select(ReadLun)];
        foreach (TopologyLun lun in luns)
        {
            if (luns.Count(other => other.Name == lun.Name) > 1)
            {
                throw root.Required("luns").Problem($"two LUNs are called '{lun.Name}'");
            }
        }

        TopologyElement adapters = root.Required("adapters");
        return new AdapterTopology(
            luns, [.. adapters.Items().Select(adapter => ReadAdapter(adapter, luns))]);
    }

    private static TopologyLun ReadLun(TopologyElement lun)
    {
        lun.AllowOnly("name", "size", "file", "block", "wwid", "latency");
        string? file = lun.Optional("file")?.Text();
        TopologyElement? size = lun.Optional("size");
        if (size is null && file is null)
        {
            throw lun.Problem("'size' is missing, which only a LUN in a file can do without");
        }

        return new TopologyLun
        {
            Name = lun.Required("name").Text(),
            File = file,
            Bytes = size is null ? 0 : ReadSize(size),
            BlockBytes = lun.Optional("block")?.OneOf(512, Medium.BlockBytes)
                ?? Medium.BlockBytes,
            Wwid = lun.Optional("wwid") is { } wwid ? ReadWwid(wwid) : default,
            Latency = lun.Optional("latency") is { } latency ? ReadLatency(latency) : default,
        };
    }

    private static TopologyAdapter ReadAdapter(TopologyElement adapter, TopologyLun[] luns)
    {
        adapter.AllowOnly(
            "ports", "mode", "handles", "contexts", "rooms", "reportsResets", "luns");
        int ports = adapter.Optional("ports")?.OneOf(1, 2, 4) ?? 2;
        return new TopologyAdapter
        {
            Ports = ports,
            Mode = adapter.Optional("mode") is { } mode ? ReadMode(mode) : default,
            Handles = adapter.Optional("handles")?.OneOf(256, 4096) ?? 256,
            Contexts = adapter.Optional("contexts")?.Between(
                1, SimulatedAdapterOptions.MaxContexts) ?? SimulatedAdapterOptions.MaxContexts,
            Rooms = adapter.Optional("rooms")?.Between(
                1, SimulatedAdapterOptions.MaxCommandRooms) ?? 512,
            ReportsResets = adapter.Optional("reportsResets")?.Truth() ?? true,
            Luns = ReadPaths(adapter.Required("luns"), luns, ports),
        };
    }

    private static TopologyPath[] ReadPaths(
        TopologyElement paths, TopologyLun[] luns, int ports)
    {
        TopologyPath[] read = [.. paths.Items().Select(path => ReadPath(path, luns, ports))];
        foreach (TopologyPath path in read)
        {
            // A port has one number for a LUN; a second one would take the first one's place.
            if (read.Count(other => other.Lun == path.Lun) > 1)
            {
                throw paths.Problem($"LUN '{path.Lun}' is there twice");
            }
        }

        return read;
    }

    private static TopologyPath ReadPath(TopologyElement path, TopologyLun[] luns, int ports)
    {
        TopologyElement named = path.IsText ? path : path.Required("lun");
        string name = named.Text();
        if (!Array.Exists(luns, lun => lun.Name == name))
        {
            throw named.Problem($"there is no LUN '{name}'");
        }

        if (path.IsText)
        {
            return new TopologyPath(name);
        }

        path.AllowOnly("lun", "ports", "superpipe");
        int mask = 0;
        foreach (TopologyElement port in path.Optional("ports")?.Items() ?? [])
        {
            mask |= 1 << port.Between(0, ports - 1);
        }

        return new TopologyPath(name, mask, path.Optional("superpipe")?.Truth() ?? true);
    }

    private static long ReadSize(TopologyElement size) =>
        Quantity.TryParseBytes(size.TextOrNumber(), out long bytes)
            && bytes > 0 && bytes % Medium.BlockBytes == 0
            ? bytes
            : throw size.Problem("not a size in whole blocks of 4,096 bytes, as \"1G\"");

    private static TimeSpan ReadLatency(TopologyElement latency) =>
        AdapterDuration.TryParse(latency.TextOrNumber(), out TimeSpan duration)
            ? duration
            : throw latency.Problem("not a time of at most 10 s, as \"80us\" or \"2ms\"");

    private static SubmissionMode ReadMode(TopologyElement mode) => mode.Text() switch
    {
        "ioarrin" => SubmissionMode.CommandRooms,
        "sq" => SubmissionMode.SubmissionQueue,
        _ => throw mode.Problem("neither \"ioarrin\" nor \"sq\""),
    };

    private static byte[] ReadWwid(TopologyElement wwid)
    {
        const int Digits = 2 * SimulatedLunOptions.WwidLength;
        string text = wwid.Text();
        return text.Length == Digits && text.All(char.IsAsciiHexDigit)
            ? Convert.FromHexString(text)
            : throw wwid.Problem($"not {Digits} hexadecimal digits");
    }
}
