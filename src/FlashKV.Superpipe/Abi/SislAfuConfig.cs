namespace FlashKV.Superpipe.Abi;

/// <summary>The bits of afu_config. Source: sislite.h, SISL_AFUCONF_*.</summary>
[Flags]
internal enum SislAfuConfig : ulong
{
    None = 0,

    /// <summary>A read of the mailbox clears it.</summary>
    MboxClearRead = 0x10,

    /// <summary>RHT and LXT are little-endian.</summary>
    LittleEndian = 0x20,

    AutoRetryRrq = 0x100,
    AutoRetryIoasa = 0x200,
    AutoRetryRsrc = 0x400,
    AutoRetryData = 0x800,
    AutoRetryRht = 0x1000,
    AutoRetryLxt = 0x2000,
    AutoRetryIoarcb = 0x4000,

    /// <summary>Every page fault is resolved and retried by the AFU itself.</summary>
    AutoRetryAll = 0x7F00,
}
