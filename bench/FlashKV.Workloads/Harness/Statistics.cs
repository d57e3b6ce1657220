namespace FlashKV.Workloads.Harness;

/// <summary>What is made of several runs.</summary>
internal static class Statistics
{
    /// <summary>The middle value; of an even number, the mean of the two in the middle.</summary>
    /// <param name="values">At least one value.</param>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 != 0
            ? sorted[middle]
            : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
