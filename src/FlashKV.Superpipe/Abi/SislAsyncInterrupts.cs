namespace FlashKV.Superpipe.Abi;

/// <summary>
/// The bits of one port's byte in aintr_status. Source: sislite.h, SISL_ASTATUS_*.
/// </summary>
[Flags]
internal enum SislAsyncInterrupts : byte
{
    None = 0,
    LinkUp = 0x01,
    LinkDn = 0x02,

    /// <summary>A login succeeded: rescan.</summary>
    LogiS = 0x04,

    /// <summary>A login failed: clear the port's error registers.</summary>
    LogiF = 0x08,

    /// <summary>Login timed out: reset the link.</summary>
    LogiR = 0x10,

    /// <summary>CRC errors beyond the threshold: reset the link.</summary>
    CrcT = 0x20,

    /// <summary>The target logged out.</summary>
    Logo = 0x40,

    Other = 0x80,
}
