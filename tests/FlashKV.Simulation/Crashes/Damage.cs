namespace FlashKV.Simulation.Crashes;

/// <summary>What can become of a block while nobody looks.</summary>
internal enum Damage
{
    /// <summary>One bit is wrong.</summary>
    FlippedBit,

    /// <summary>What was meant for another block nearby stands there.</summary>
    Misdirected,

    /// <summary>It reads as if it had never been written.</summary>
    Zeros,
}
