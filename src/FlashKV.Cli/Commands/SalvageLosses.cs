using FlashKV.Cli.Terminal;
using FlashKV.Cli.Text;

namespace FlashKV.Cli.Commands;

/// <summary>Lists what is damaged of a store.</summary>
internal static class SalvageLosses
{
    /// <summary>Writes a line for each damaged place, and one for each lost key.</summary>
    public static void Write(ToolEnvironment environment, SalvageReport report)
    {
        foreach (SalvageLoss loss in report.Losses)
        {
            environment.WriteLine($"{loss}; {Lost(loss)}");
            foreach (ReadOnlyMemory<byte> key in loss.Keys)
            {
                environment.WriteLine($"  lost: {ByteNotation.Escape(key.Span)}");
            }
        }
    }

    /// <summary>The sum of it.</summary>
    public static string Describe(SalvageReport report)
    {
        if (report.IsWhole)
        {
            return "nothing is damaged";
        }

        string more = report.Losses.Any(static loss => loss.Records is null)
            ? ", and what cannot be counted" : "";
        return $"{Quantity.Count(report.Losses.Count, "damaged place")}, "
            + $"{Quantity.Count(report.KeysLost, "key")} lost{more}";
    }

    private static string Lost(SalvageLoss loss) => loss.Records switch
    {
        null => "what was there cannot be known",
        0 => "nothing is lost by it",
        long count => $"{Quantity.Count(count, "key")} lost",
    };
}
