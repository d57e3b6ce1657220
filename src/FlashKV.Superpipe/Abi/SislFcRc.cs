namespace FlashKV.Superpipe.Abi;

/// <summary>Fibre Channel result codes. Source: sislite.h, SISL_FC_RC_*.</summary>
internal enum SislFcRc : byte
{
    None = 0x00,

    /// <summary>The exchange timed out, abort sent.</summary>
    AbortPend = 0x52,

    WrAbortPend = 0x53,

    /// <summary>The target logged out with the command in flight.</summary>
    NoLogi = 0x54,

    NoExp = 0x55,
    InUse = 0x56,

    /// <summary>The link went down with the command in flight.</summary>
    LinkDown = 0x57,

    AbortOk = 0x58,
    AbortFail = 0x59,

    /// <summary>See the overrun and underrun flags.</summary>
    Resid = 0x5A,

    ResidErr = 0x5B,
    TgtAbort = 0x5C,

    /// <summary>Known to the block library's header only.</summary>
    Shutdown = 0x5E,
}
