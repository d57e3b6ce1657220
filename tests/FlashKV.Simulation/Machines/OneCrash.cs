using FlashKV.Simulation.Model;

namespace FlashKV.Simulation.Machines;

/// <summary>Keeps one of the moments, each with the same chance, however many will come.</summary>
internal sealed class OneCrash(Random random) : ICrashSink
{
    private int _seen;

    public Crash? Chosen { get; private set; }

    public void Reached(CrashKind kind, Func<Crash> crash)
    {
        if (random.Next(++_seen) == 0)
        {
            Chosen = crash();
        }
    }
}
