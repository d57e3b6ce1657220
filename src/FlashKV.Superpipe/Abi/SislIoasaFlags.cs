namespace FlashKV.Superpipe.Abi;

/// <summary>The flags of an IOASA. Source: sislite.h, SISL_RC_FLAGS_*.</summary>
[Flags]
internal enum SislIoasaFlags : byte
{
    None = 0,
    Underrun = 0x10,
    Overrun = 0x20,
    FcpRspCodeValid = 0x40,
    SenseValid = 0x80,
}
