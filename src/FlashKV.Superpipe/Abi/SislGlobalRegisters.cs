namespace FlashKV.Superpipe.Abi;

/// <summary>
/// Byte offsets from <see cref="AfuAddressMap.Global"/>. Source: sislite.h, struct
/// sisl_global_regs.
/// </summary>
internal static class SislGlobalRegisters
{
    internal const int AintrStatus = 0x00;
    internal const int AintrClear = 0x08;

    /// <summary>A one masks.</summary>
    internal const int AintrMask = 0x10;

    /// <summary>See <see cref="PackAfuCtrl"/>; bit 0: the AFU's internal LUN.</summary>
    internal const int AfuCtrl = 0x18;

    /// <summary>Heartbeat.</summary>
    internal const int AfuHb = 0x20;

    internal const int Scratch = 0x28;

    /// <summary>The mask of usable ports.</summary>
    internal const int AfuPortSel = 0x30;

    /// <summary><see cref="SislAfuConfig"/>.</summary>
    internal const int AfuConfig = 0x38;

    /// <summary>Eight ASCII characters in memory order: not byte-swapped.</summary>
    internal const int AfuVersion = 0x800;

    /// <summary>
    /// <see cref="SislInterfaceCapabilities"/> and, below, major and minor number.
    /// </summary>
    internal const int InterfaceVersion = 0x808;

    /// <summary>
    /// afu_ctrl for a driver that runs as context <paramref name="masterHandle"/>.
    /// </summary>
    internal static ulong PackAfuCtrl(int masterHandle) =>
        (((ulong)(uint)masterHandle << 8) | 3) << 40;

    /// <summary>The number of ports that a value of afu_port_sel states.</summary>
    internal static int PortCount(ulong portSel) => portSel == 0
        ? CxlflashLimits.LegacyFcPorts
        : Math.Min(64 - System.Numerics.BitOperations.LeadingZeroCount(portSel),
            CxlflashLimits.MaxFcPorts);
}
