using FlashKV.Simulation.Model;

namespace FlashKV.Simulation.Machines;

/// <summary>Shows another sink the moments of one kind of crash only.</summary>
internal sealed class KindFilter(ICrashSink sink, CrashKind kind) : ICrashSink
{
    public void Reached(CrashKind reached, Func<Crash> crash)
    {
        if (reached == kind)
        {
            sink.Reached(reached, crash);
        }
    }
}
