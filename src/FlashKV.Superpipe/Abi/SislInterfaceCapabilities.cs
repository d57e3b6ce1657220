namespace FlashKV.Superpipe.Abi;

/// <summary>
/// Bits 63:32 of interface_version; 31:16 are the major and 15:0 the minor number.
/// Source: sislite.h, SISL_INTVER_CAP_* (there shifted right by 16).
/// </summary>
[Flags]
internal enum SislInterfaceCapabilities : ulong
{
    None = 0,
    OcxlLisn = 1UL << 57,
    AfuDebug = 1UL << 58,
    LunProvision = 1UL << 59,
    ReservedCmdModeB = 1UL << 60,
    ReservedCmdModeA = 1UL << 61,
    SqCmdMode = 1UL << 62,
    IoarrinCmdMode = 1UL << 63,
}
