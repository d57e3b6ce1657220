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

    public static void Write(TextWriter output, IReadOnlyList<Measurement> measurements) =>
        TextTable.Write(output, [s_heads, .. measurements.Select(Row)], leftColumns: 1);

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
