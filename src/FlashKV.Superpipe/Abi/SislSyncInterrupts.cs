namespace FlashKV.Superpipe.Abi;

/// <summary>
/// The bits of intr_status, intr_clear and intr_mask of a context. After a PermErr the only remedy
/// is to leave the context. Source: sislite.h, SISL_ISTATUS_*.
/// </summary>
[Flags]
internal enum SislSyncInterrupts : ulong
{
    None = 0,

    /// <summary>Only when the AFU does not retry page faults by itself.</summary>
    TempErrPageIn = 0x1,

    PermErrRrqWrite = 0x2,

    /// <summary>An IOASA could not be written.</summary>
    PermErrSaWrite = 0x4,

    PermErrRcbRead = 0x8,

    /// <summary>A command was sent without room.</summary>
    PermErrCmdRoom = 0x10,

    PermErrLisn1Pasid = 0x20,
    PermErrLisn2Pasid = 0x40,
    PermErrLisn3Pasid = 0x80,
    PermErrLisn1Ea = 0x100,
    PermErrLisn2Ea = 0x200,
    PermErrLisn3Ea = 0x400,

    /// <summary>What the driver unmasks (SISL_ISTATUS_UNMASK).</summary>
    DriverUnmask = 0x7FF,

    /// <summary>What a user's client unmasks.</summary>
    ClientUnmask = 0x1F,
}
