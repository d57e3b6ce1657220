using FsCheck;
using FsCheck.Fluent;

namespace FlashKV.SimBackend.Tests.Driver.Model;

/// <summary>Random histories of ioctls against the reference model.</summary>
/// <remarks>
/// A failure prints the seed, with which <c>WithReplay</c> repeats it, and a shrunk list of steps,
/// which <see cref="Run"/> takes.
/// </remarks>
public sealed class DriverModelTests
{
    private const int StepsOfHistory = 120;

    [Fact]
    public void Random_histories_agree_with_the_reference_model()
    {
        Gen<int[]> histories = Gen.Choose(0, ModelStep.Max).ArrayOf(StepsOfHistory);
        Arbitrary<int[]> shrinking = Arb.From(histories, Shorter);
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(100),
            Prop.ForAll(shrinking, steps => Run(steps)));
    }

    [Fact]
    public void A_long_history_agrees_with_the_reference_model()
    {
        const int Seed = 20_261_125;
        Random random = new(Seed);
        Run([.. Enumerable.Range(0, 4000).Select(_ => random.Next(ModelStep.Max))]);
    }

    private static void Run(int[] steps)
    {
        using DriverModelRun run = new();
        Array.ForEach(steps, step => run.Step(new ModelStep(step)));
        run.EndAll();
    }

    private static IEnumerable<int[]> Shorter(int[] steps)
    {
        for (int part = steps.Length / 2; part > 0; part /= 2)
        {
            for (int start = 0; start + part <= steps.Length; start += part)
            {
                yield return [.. steps[..start], .. steps[(start + part)..]];
            }
        }
    }
}
