using System.Globalization;

namespace FlashKV.Workloads.Harness;

/// <summary>A figure that has a limit.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Value">The figure of this run.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="IsCeiling">Whether the limit is the most, rather than the least.</param>
/// <param name="Limit">The limit.</param>
internal sealed record class Goal(
    string Name, double Value, string Unit, bool IsCeiling, double Limit)
{
    public bool IsMet => IsCeiling ? Value <= Limit : Value >= Limit;

    public static Goal AtMost(string name, double value, double limit, string unit) =>
        new(name, value, unit, IsCeiling: true, limit);

    public static Goal AtLeast(string name, double value, double limit, string unit) =>
        new(name, value, unit, IsCeiling: false, limit);

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{(IsMet ? "met   " : "MISSED")} {Name}: {Value:N2} {Unit}, "
        + $"{(IsCeiling ? "at most" : "at least")} {Limit:N2}");
}
