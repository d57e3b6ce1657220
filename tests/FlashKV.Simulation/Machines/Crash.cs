using FlashKV.Simulation.Disks;
using FlashKV.Simulation.Model;

namespace FlashKV.Simulation.Machines;

/// <summary>A moment at which a process or a machine could end, and what it would leave.</summary>
/// <param name="Kind">What ends.</param>
/// <param name="Place">Where it happens, for messages.</param>
/// <param name="Disk">The disk; at a power cut the change under way is among what is not stable.</param>
/// <param name="Staging">The staging file; null if there is none.</param>
/// <param name="HasIdentity">Whether the store was created to the end.</param>
/// <param name="Model">What was promised up to then.</param>
internal sealed record Crash(
    CrashKind Kind,
    string Place,
    Disk Disk,
    StagingImage? Staging,
    bool HasIdentity,
    ReferenceModel Model)
{
    /// <summary>Puts a machine in the state that the crash leaves.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="mode">What a power cut does.</param>
    /// <param name="seed">What all choices come from.</param>
    /// <returns>What must hold from here on.</returns>
    public ReferenceModel Strike(Machine machine, CutMode mode, int seed)
    {
        var random = new Random(seed);
        ReferenceModel model = Model.Copy();
        model.Crash(Kind);
        if (Kind == CrashKind.Kill)
        {
            machine.Become(Disk.Copy(), Staging, HasIdentity);
        }
        else
        {
            StagingImage? staging = random.Next(3) == 0 ? null : Staging?.AfterPowerCut(random);
            machine.Become(Disk.CutPower(mode, random), staging, HasIdentity);
        }

        return model;
    }
}
