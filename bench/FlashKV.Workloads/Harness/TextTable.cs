namespace FlashKV.Workloads.Harness;

/// <summary>Prints rows in columns of even width.</summary>
internal static class TextTable
{
    /// <param name="output">Where to.</param>
    /// <param name="rows">The rows, heads first.</param>
    /// <param name="leftColumns">How many of the first columns are aligned to the left.</param>
    public static void Write(TextWriter output, string[][] rows, int leftColumns)
    {
        int[] widths =
            [.. Enumerable.Range(0, rows[0].Length).Select(i => rows.Max(row => row[i].Length))];
        foreach (string[] row in rows)
        {
            output.WriteLine(string.Join("  ", row.Select((cell, column) => column < leftColumns
                ? cell.PadRight(widths[column])
                : cell.PadLeft(widths[column]))));
        }
    }
}
