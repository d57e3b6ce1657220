using FlashKV.Simulation.Model;

namespace FlashKV.Simulation.Machines;

/// <summary>Keeps the first moment at which the power could be cut.</summary>
internal sealed class FirstCrash : ICrashSink
{
    public Crash? Crash { get; private set; }

    public void Reached(CrashKind kind, Func<Crash> crash)
    {
        if (Crash is null && kind == CrashKind.PowerCut)
        {
            Crash = crash();
        }
    }
}
