namespace FlashKV.Superpipe.Abi;

/// <summary>What a DK ioctl answers in <see cref="DkCxlflashHdr.ReturnFlags"/>.</summary>
/// <remarks>Common flags grow from bit 0, those of one ioctl from bit 63.</remarks>
[Flags]
internal enum DkCxlflashReturnFlags : ulong
{
    None = 0,

    /// <summary>USER_VIRTUAL only: the LUN is reached through more than one port.</summary>
    AllPortsActive = 0x1,

    /// <summary>The application, not the driver, closes adap_fd.</summary>
    AppCloseAdapFd = 0x2,

    /// <summary>Commands go through a submission queue instead of IOARRIN.</summary>
    ContextSqCmdMode = 0x4,

    /// <summary>
    /// RECOVER_AFU only: the context was reset; id, descriptor and window are new.
    /// </summary>
    RecoverAfuContextReset = 1UL << 63,
}
