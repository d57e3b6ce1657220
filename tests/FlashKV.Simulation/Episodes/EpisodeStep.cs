using System.Globalization;

namespace FlashKV.Simulation.Episodes;

/// <summary>
/// One step of an episode. Whatever it draws comes from its own seed, so that it does the same when
/// steps before it are left out.
/// </summary>
internal readonly record struct EpisodeStep(StepKind Kind, int Seed)
{
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"new({Kind}, {Seed})");
}
