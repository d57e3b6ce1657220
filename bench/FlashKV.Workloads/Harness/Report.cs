using System.Text.Json;
using System.Text.Json.Serialization;

namespace FlashKV.Workloads.Harness;

/// <summary>
/// What a workload has found, for people as text and for programs as JSON. Fields may be added to
/// the JSON; one that changes its meaning needs a new <see cref="Schema"/>.
/// </summary>
/// <param name="Workload">The verb.</param>
/// <param name="IsQuick">
/// Whether it ran with <c>--quick</c>: then it shows that the workload runs, and measures nothing.
/// </param>
internal sealed record class Report(string Workload, bool IsQuick)
{
    private static readonly JsonSerializerOptions s_format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        WriteIndented = true,
    };

    public int Schema { get; } = 1;

    public MachineDescription Machine { get; } = MachineDescription.Read();

    /// <summary>What was asked for and what came of it, by name.</summary>
    public Dictionary<string, string> Settings { get; } = [];

    public List<Measurement> Measurements { get; } = [];

    public List<Goal> Goals { get; } = [];

    /// <summary>What a reader must know, such as a comparison that was not possible.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>Takes over what was compared.</summary>
    public void Add(Comparison comparison) => Measurements.AddRange(comparison.Measurements);

    public void WriteJson(string path)
    {
        using FileStream file = File.Create(path);
        JsonSerializer.Serialize(file, this, s_format);
    }

    public void WriteText(TextWriter output)
    {
        output.WriteLine($"{Workload}{(IsQuick ? ", quick: no figure here is one" : "")}");
        output.WriteLine(Machine);
        foreach ((string name, string value) in Settings)
        {
            output.WriteLine($"{name}: {value}");
        }

        output.WriteLine();
        ResultTable.Write(output, Measurements);
        output.WriteLine();
        Goals.ForEach(output.WriteLine);
        Notes.ForEach(output.WriteLine);
    }
}
