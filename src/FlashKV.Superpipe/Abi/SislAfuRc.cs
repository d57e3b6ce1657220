namespace FlashKV.Superpipe.Abi;

/// <summary>The AFU's result codes. Source: sislite.h, SISL_AFU_RC_*.</summary>
internal enum SislAfuRc : byte
{
    None = 0x00,
    RhtInvalid = 0x01,
    RhtUnaligned = 0x02,

    /// <summary>The resource handle is beyond the table.</summary>
    RhtOutOfBounds = 0x03,

    /// <summary>See <see cref="SislAfuDmaExtra"/>.</summary>
    RhtDmaErr = 0x04,

    /// <summary>No permission, or an empty entry.</summary>
    RhtRwPerm = 0x05,

    LxtUnaligned = 0x12,

    /// <summary>The LBA is beyond the virtual LUN.</summary>
    LxtOutOfBounds = 0x13,

    LxtDmaErr = 0x14,
    LxtRwPerm = 0x15,

    /// <summary>The driver's context is gone.</summary>
    NotXlateHost = 0x1A,

    /// <summary>
    /// The chosen ports are down; afu_extra bits 3:2 are the available, 1:0 the requested mask.
    /// </summary>
    NoChannels = 0x20,

    /// <summary>Wrong context or opcode, or the AFU was reset.</summary>
    CapViolation = 0x21,

    OutOfDataBufs = 0x30,

    /// <summary>See <see cref="SislAfuDmaExtra"/>.</summary>
    DataDmaErr = 0x31,

    /// <summary>Known to the block library's header only.</summary>
    TimedOutPreFc = 0x50,

    /// <summary>Known to the block library's header only.</summary>
    TimedOut = 0x51,
}
