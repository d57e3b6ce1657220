using System.Globalization;

namespace FlashKV.Simulation.Tests;

/// <summary>
/// Notes in a test's output how many histories it simulated: one is a run of operations, one pattern
/// of what a crash or a fault does to it, and the comparison of all that is there afterwards.
/// <c>.ci/run</c> adds them up.
/// </summary>
internal static class HistoryCount
{
    /// <summary>Notes the histories of the test that runs.</summary>
    public static void Note(int histories) =>
        TestContext.Current.TestOutputHelper!.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"simulated histories: {histories}"));
}
