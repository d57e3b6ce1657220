using System.Globalization;
using System.Text.Json;
using FlashKV.Workloads.Harness;
using FlashKV.Workloads.Limits;
using FlashKV.Workloads.Stores;

namespace FlashKV.Workloads.Comparing;

/// <summary>What a comparison of stores has found.</summary>
/// <param name="Verb">The verb.</param>
/// <param name="IsQuick">Whether it only shows that it runs.</param>
internal sealed record class StoreReport(string Verb, bool IsQuick)
{
    private static readonly JsonSerializerOptions s_format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
    };

    private static readonly string[] s_heads =
        [
            "store", "class", "per second", "min", "max", "p50 us", "p99", "p99.9", "max us",
            "CPU us", "alloc B", "written/B", "kept/B", "peak MiB", "of ceiling",
        ];

    public MachineDescription Machine { get; } = MachineDescription.Read();

    /// <summary>What the stores were set to, by name.</summary>
    public Dictionary<string, string> Settings { get; } = [];

    public List<StoreMeasurement> Measurements { get; } = [];

    public List<Goal> Goals { get; } = [];

    public List<string> Notes { get; } = [];

    public IEnumerable<StoreResult> Results =>
        Measurements.Select(measurement => measurement.ToResult(Verb));

    public void WriteJson(string path)
    {
        using FileStream file = File.Create(path);
        JsonSerializer.Serialize(file, Results, s_format);
    }

    public void WriteText(TextWriter output)
    {
        output.WriteLine($"{Verb}{(IsQuick ? ", quick: no figure here is one" : "")}");
        output.WriteLine(Machine);
        foreach ((string name, string value) in Settings)
        {
            output.WriteLine($"{name}: {value}");
        }

        IEnumerable<IGrouping<string, StoreMeasurement>> groups = Measurements.GroupBy(one =>
            IsLimit(one) ? "limits of the machine" : one.Case.ToString());
        foreach (IGrouping<string, StoreMeasurement> group in groups)
        {
            output.WriteLine();
            output.WriteLine(group.Key);
            TextTable.Write(output, [s_heads, .. group.Select(Row)], leftColumns: 2);
        }

        output.WriteLine();
        Goals.ForEach(output.WriteLine);
        Notes.ForEach(output.WriteLine);
    }

    private static string[] Row(StoreMeasurement one) =>
    [
        IsLimit(one) ? one.Case.Workload : one.Store,
        IsLimit(one) ? "" : ClassOf(one),
        Number(one.Rate.Median, "N0"),
        Number(one.Rate.Min, "N0"),
        Number(one.Rate.Max, "N0"),
        Number(one.Latency.P50, "N2"),
        Number(one.Latency.P99, "N2"),
        Number(one.Latency.P999, "N1"),
        Number(one.Latency.Max, "N0"),
        Number(one.ProcessorMicroseconds, "N3"),
        Number(one.AllocatedBytes, "N2"),
        Number(one.WrittenPerUserByte, "N2"),
        one.KeptPerUserByte is > 0 and var kept ? Number(kept, "N2") : "",
        Number(one.PeakBytes >> 20, "N0"),
        one.RatioToCeiling is { } ratio ? Number(ratio, "N3") : "",
    ];

    private static bool IsLimit(StoreMeasurement one) => one.Store == MachineLimits.Machine;

    private static string ClassOf(StoreMeasurement one) => one.Durability switch
    {
        DurabilityClass.MemoryOnly => "memory",
        DurabilityClass.KilledProcess => "process",
        _ => "power",
    };

    private static string Number(double value, string format) =>
        value.ToString(format, CultureInfo.InvariantCulture);
}
