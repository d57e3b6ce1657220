using FlashKV.Simulation.Fuzzing;

namespace FlashKV.Simulation.Tests;

public sealed class FuzzTests
{
    private const int Cases = 300;

    [Fact]
    public void Whatever_persisted_structures_say_is_answered_within_bounds()
    {
        using var fuzzer = new StoreFuzzer();
        for (int seed = 1; seed <= Cases; seed++)
        {
            fuzzer.Run(seed);
        }

        Assert.True(fuzzer.Opened > 0 && fuzzer.Refused > 0);
    }
}
