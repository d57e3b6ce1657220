namespace FlashKV.SimBackend.Tests.Driver.Model;

/// <summary>
/// One step of a random history, packed into a number so that a list can be pasted.
/// </summary>
internal readonly record struct ModelStep(int Value)
{
    internal const int Max = (1 << 28) - 1;

    internal int Kind => Value & 0xF;

    internal int Process => (Value >> 4) & 0x3;

    internal int Node => (Value >> 6) & 0x3;

    internal int Context => (Value >> 8) & 0x3FF;

    internal int Other => (Value >> 18) & 0x7;

    internal int Handle => (Value >> 21) & 0x3;

    internal int Chunks => (Value >> 23) & 0xF;

    internal bool IsUnaligned => (Value & (1 << 27)) != 0;

    /// <summary>The size in blocks that asks for the chunks.</summary>
    internal ulong Blocks => Chunks == 0 ? 0
        : ((ulong)Chunks * 65_536) - (IsUnaligned ? 65_535ul : 0);
}
