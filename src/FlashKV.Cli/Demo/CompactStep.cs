using System.Globalization;
using FlashKV.Cli.Text;

namespace FlashKV.Cli.Demo;

/// <summary>Compacts the main store: it must take less room and hold the same.</summary>
internal sealed class CompactStep : IDemoStep
{
    public void Run(DemoSession session)
    {
        using FlashStore store = session.OpenMain();
        double before = store.GetStatistics().SpaceAmplification;
        CompactionResult result = store.CompactAsync(session.Stop).AsTask()
            .GetAwaiter().GetResult();
        double after = store.GetStatistics().SpaceAmplification;
        DemoSession.Check(
            result.Segments > 0 && result.LogBytesAfter < result.LogBytesBefore,
            "compaction makes the log smaller");
        session.CheckAgainstModel(store);
        session.Print(
            "compact",
            $"the log from {Quantity.Bytes(result.LogBytesBefore)} to "
            + $"{Quantity.Bytes(result.LogBytesAfter)}, space amplification from "
            + $"{Ratio(before)} to {Ratio(after)}");
    }

    private static string Ratio(double value) =>
        value.ToString("0.00", CultureInfo.InvariantCulture);
}
