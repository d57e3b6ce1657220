namespace FlashKV.Simulation.Disks;

/// <summary>What a power cut does to blocks that were not on stable storage.</summary>
internal enum CutMode
{
    /// <summary>The seed chooses for each: kept, lost, an older content, or a mixture.</summary>
    Seeded,

    LoseAll,

    KeepAll,

    TearAll,

    /// <summary>The first block is kept and all others are lost.</summary>
    KeepFirst,
}
