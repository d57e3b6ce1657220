namespace FlashKV.Workloads.Workers;

/// <summary>A workload: what share of the operations, in percent, is of which kind.</summary>
internal sealed record class Mix(string Name)
{
    private static readonly Mix[] s_all =
    [
        new("A") { Reads = 50, Updates = 50 },
        new("B") { Reads = 95, Updates = 5 },
        new("C") { Reads = 100 },
        new("D") { Reads = 95, Inserts = 5, IsLatest = true, HasCeiling = false },
        new("E") { Scans = 95, Inserts = 5, HasCeiling = false },
        new("F") { Reads = 50, Modifies = 50 },
        new("overwrite") { Updates = 100 },
        new("delete") { Deletes = 100, HasCeiling = false },
        new("readmissing") { Misses = 100, HasCeiling = false },
        new("insert") { Inserts = 100, HasCeiling = false },
    ];

    public static IReadOnlyList<Mix> All => s_all;

    public int Reads { get; init; }

    public int Updates { get; init; }

    public int Inserts { get; init; }

    public int Modifies { get; init; }

    public int Scans { get; init; }

    /// <summary>Deletes, each followed by putting the record back.</summary>
    public int Deletes { get; init; }

    /// <summary>Reads of keys that are not there.</summary>
    public int Misses { get; init; }

    /// <summary>Whether the newest records are read most, as in YCSB D.</summary>
    public bool IsLatest { get; init; }

    /// <summary>Whether bare memory can do the same.</summary>
    public bool HasCeiling { get; init; } = true;

    /// <summary>Whether it only makes sense on an ordered store.</summary>
    public bool NeedsOrder => Scans != 0;

    public static Mix Named(string name) =>
        Array.Find(s_all, mix => string.Equals(mix.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw new ArgumentException($"There is no workload {name}.", nameof(name));

    /// <summary>The kind of an operation.</summary>
    /// <param name="percent">A random number from 0 to 99.</param>
    public Operation Choose(int percent)
    {
        (Operation Kind, int Share)[] shares =
        [
            (Operation.Read, Reads), (Operation.Update, Updates), (Operation.Insert, Inserts),
            (Operation.Modify, Modifies), (Operation.Scan, Scans), (Operation.Delete, Deletes),
            (Operation.Miss, Misses),
        ];
        foreach ((Operation kind, int share) in shares)
        {
            if (percent < share)
            {
                return kind;
            }

            percent -= share;
        }

        throw new InvalidOperationException($"The shares of {Name} are less than 100 percent.");
    }
}
