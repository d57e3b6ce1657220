using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using FlashKV.Cli.Terminal;
using FlashKV.Cli.Text;

namespace FlashKV.Cli.Commands;

/// <summary><c>flashkv stat</c>: prints the figures of a store.</summary>
internal sealed class StatCommand : ToolCommand
{
    private readonly Argument<string> _directory;

    private readonly Option<bool> _json = new("--json")
    {
        Description = "One JSON object; sizes in bytes, times in milliseconds.",
    };

    private readonly ReadingOptions _reading;

    public StatCommand(ToolEnvironment environment)
        : base("stat", "Print the figures of a store.", environment)
    {
        _directory = AddDirectory();
        Options.Add(_json);
        _reading = new ReadingOptions(this);
    }

    protected override int Run(ParseResult line)
    {
        using OpenedView store = _reading.Open(line, line.GetRequiredValue(_directory));
        FlashStoreStatistics statistics = store.GetStatistics();
        if (line.GetValue(_json))
        {
            PrintJson(statistics);
        }
        else
        {
            PrintTable(statistics);
        }

        return ExitCode.Success;
    }

    private void PrintTable(FlashStoreStatistics figures)
    {
        Print("keys", $"{figures.Keys:N0}");
        Print("live records", Quantity.Bytes(figures.LiveBytes));
        Print("tombstones", Quantity.Bytes(figures.TombstoneBytes));
        Print("log", $"{Quantity.Bytes(figures.LogBytes)} in "
            + $"{Quantity.Count(figures.Segments, "segment")}, "
            + $"{figures.FreeSegments:N0} more free");
        Print("space amplification", Ratio(figures.SpaceAmplification));
        Print("shards", $"{figures.Shards}");
        Print("chunks", $"{figures.Chunks:N0} of 256 MiB");
        Print("index", Quantity.Bytes(figures.IndexBytes));
        Print("memory", $"{Quantity.Bytes(figures.MemoryUsedBytes)} of "
            + $"{Quantity.Bytes(figures.MemoryBudgetBytes)}");
        Print("opened in", $"{Ratio(figures.OpenTime.TotalMilliseconds)} ms");
    }

    private void Print(string name, string value) => Environment.WriteLine($"{name,-20} {value}");

    private void PrintJson(FlashStoreStatistics figures)
    {
        using MemoryStream text = new();
        using (Utf8JsonWriter json = new(text, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("keys", figures.Keys);
            json.WriteNumber("liveBytes", figures.LiveBytes);
            json.WriteNumber("tombstoneBytes", figures.TombstoneBytes);
            json.WriteNumber("logBytes", figures.LogBytes);
            json.WriteNumber("segments", figures.Segments);
            json.WriteNumber("freeSegments", figures.FreeSegments);
            json.WriteNumber("segmentBytes", figures.SegmentBytes);
            json.WriteNumber("spaceAmplification", figures.SpaceAmplification);
            json.WriteNumber("shards", figures.Shards);
            json.WriteNumber("chunks", figures.Chunks);
            json.WriteNumber("indexBytes", figures.IndexBytes);
            json.WriteNumber("memoryUsedBytes", figures.MemoryUsedBytes);
            json.WriteNumber("memoryBudgetBytes", figures.MemoryBudgetBytes);
            json.WriteNumber("openMilliseconds", figures.OpenTime.TotalMilliseconds);
            json.WriteEndObject();
        }

        text.WriteByte((byte)'\n');
        Environment.Output.Write(text.ToArray());
    }

    private static string Ratio(double value) =>
        value.ToString("0.00", CultureInfo.InvariantCulture);
}
