namespace FlashKV.Superpipe.Abi;

/// <summary>What a context may do. Source: sislite.h, SISL_CTX_CAP_*.</summary>
[Flags]
internal enum SislCtxCap : ulong
{
    None = 0,
    ReadCmd = 1UL << 0,
    WriteCmd = 1UL << 1,

    /// <summary>Any SCSI opcode.</summary>
    GscsiCmd = 1UL << 2,

    /// <summary>Commands to the AFU itself.</summary>
    AfuCmd = 1UL << 3,

    ProxyTarget = 1UL << 60,
    HostXlate = 1UL << 61,
    RealMode = 1UL << 62,
    ProxyIssue = 1UL << 63,

    /// <summary>What the driver gives to a user's context.</summary>
    User = ReadCmd | WriteCmd,

    /// <summary>What the driver gives to its own context.</summary>
    Master = RealMode | HostXlate | AfuCmd | GscsiCmd | WriteCmd | ReadCmd,
}
