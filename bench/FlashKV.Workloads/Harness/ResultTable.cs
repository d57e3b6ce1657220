using System.Globalization;

namespace FlashKV.Workloads.Harness;

/// <summary>Prints measurements: medians, one line each.</summary>
internal static class ResultTable
{
    private static readonly string[] s_heads =
        [
            "median of runs", "per second", "ns each", "CPU us each", "bytes allocated each",
            "spread",
        ];

    public static void Write(TextWriter output, IReadOnlyList<Measurement> measurements)
    {
        string[][] rows = [s_heads, .. measurements.Select(Row)];
        int[] widths =
            [.. s_heads.Select((_, column) => rows.Max(row => row[column].Length))];
        foreach (string[] row in rows)
        {
            output.WriteLine(string.Join("  ", row.Select((cell, column) => column == 0
                ? cell.PadRight(widths[column])
                : cell.PadLeft(widths[column]))));
        }
    }

    private static string[] Row(Measurement measurement) =>
    [
        measurement.Name,
        Number(measurement.OperationsPerSecond, "N0"),
        Number(measurement.NanosecondsPerOperation, "N0"),
        Number(measurement.ProcessorMicrosecondsPerOperation, "N2"),
        Number(measurement.AllocatedBytesPerOperation, "N2"),
        Number(measurement.Spread, "N2"),
    ];

    private static string Number(double value, string format) =>
        value.ToString(format, CultureInfo.InvariantCulture);
}
