using System.Globalization;
using FlashKV.Cli.Terminal;
using FlashKV.Cli.Text;

namespace FlashKV.Cli.Demo;

/// <summary>What the steps of the demonstration share.</summary>
internal sealed class DemoSession(
    ToolEnvironment environment, CharacterTable table, string directory, int seed)
{
    /// <summary>The records that are loaded.</summary>
    public CharacterTable Table { get; } = table;

    /// <summary>All choices of the demonstration come from here.</summary>
    public Random Random { get; } = new(seed);

    /// <summary>What the main store must hold.</summary>
    public StoreModel Model { get; } = new();

    /// <summary>Cancelled when the user wants the demonstration to stop.</summary>
    public CancellationToken Stop => environment.Stop;

    /// <summary>The clock.</summary>
    public TimeProvider Time => environment.Time;

    /// <summary>The directory of one of the demonstration's stores.</summary>
    public string StoreDirectory(string name) => Path.Combine(directory, name);

    /// <summary>Opens the main store, which the steps work on one after another.</summary>
    public FlashStore OpenMain() => FlashStore.Open(StoreDirectory("characters"));

    /// <summary>Ends the demonstration if <paramref name="holds"/> is false.</summary>
    /// <exception cref="CheckFailedException">It is.</exception>
    public static void Check(bool holds, string check)
    {
        if (!holds)
        {
            throw new CheckFailedException(check);
        }
    }

    /// <summary>Ends the demonstration if the store is not what the model says.</summary>
    /// <exception cref="CheckFailedException">It is not.</exception>
    public void CheckAgainstModel(FlashStore store)
    {
        string? difference = Model.FindDifference(store, Stop);
        Check(difference is null, $"the store holds what it must ({difference})");
    }

    /// <summary>Prints what a step did.</summary>
    public void Print(string step, string done) => environment.WriteLine($"{step,-9} {done}");

    /// <summary>How fast <paramref name="count"/> records went by.</summary>
    public static string Rate(long count, TimeSpan elapsed) =>
        $"{Quantity.PerSecond(count, elapsed)} records/s";

    /// <summary>How fast <paramref name="bytes"/> went by.</summary>
    public static string ByteRate(long bytes, TimeSpan elapsed)
    {
        double perSecond = bytes / 1e6 / Math.Max(elapsed.TotalSeconds, 1e-6);
        return $"{perSecond.ToString("0.0", CultureInfo.InvariantCulture)} MB/s";
    }
}
