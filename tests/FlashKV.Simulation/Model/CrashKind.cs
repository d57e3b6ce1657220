namespace FlashKV.Simulation.Model;

/// <summary>What ends.</summary>
internal enum CrashKind
{
    /// <summary>The process: staging stays as it was.</summary>
    Kill,

    /// <summary>The machine: only stable storage stays.</summary>
    PowerCut,
}
