namespace FlashKV.Superpipe.Abi;

/// <summary>
/// The layout of aintr_status: one byte per port, in the order FC1, FC0, FC3, FC2 from bit 0.
/// Source: sislite.h, SISL_ASTATUS_FC*.
/// </summary>
internal static class SislAsyncStatus
{
    /// <summary>What the driver unmasks (SISL_ASTATUS_UNMASK).</summary>
    internal const ulong Unmask = 0xFFFFFFFF;

    /// <summary>The lowest bit of a port's byte.</summary>
    internal static int Shift(int port) => (port ^ 1) * 8;

    /// <summary>The register's value for interrupts of one port.</summary>
    internal static ulong Pack(int port, SislAsyncInterrupts interrupts) =>
        (ulong)interrupts << Shift(port);

    /// <summary>The interrupts of one port that a value of the register states.</summary>
    internal static SislAsyncInterrupts Unpack(int port, ulong status) =>
        (SislAsyncInterrupts)(byte)(status >> Shift(port));
}
