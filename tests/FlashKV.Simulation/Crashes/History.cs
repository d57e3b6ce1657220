using FlashKV.Simulation.Machines;

namespace FlashKV.Simulation.Crashes;

/// <summary>A short run of a store that is stopped at every moment.</summary>
/// <param name="Name">What it is about.</param>
/// <param name="Options">The machine.</param>
/// <param name="Before">What is done before anything is stopped; the store is open.</param>
/// <param name="Run">What is stopped everywhere; the store is open.</param>
internal sealed record History(
    string Name, MachineOptions Options, Action<Session> Before, Action<Session> Run)
{
    public override string ToString() => Name;
}
