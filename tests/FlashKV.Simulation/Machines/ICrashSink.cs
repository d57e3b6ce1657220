using FlashKV.Simulation.Model;

namespace FlashKV.Simulation.Machines;

/// <summary>Is shown every moment at which something could end.</summary>
internal interface ICrashSink
{
    /// <summary>A moment has come.</summary>
    /// <param name="kind">What could end.</param>
    /// <param name="crash">Makes the copy of what would be left, for who wants it.</param>
    void Reached(CrashKind kind, Func<Crash> crash);
}
