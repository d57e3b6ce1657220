namespace FlashKV.Superpipe.Abi;

/// <summary>The flags of an IOARCB. Source: sislite.h, SISL_REQ_FLAGS_*.</summary>
[Flags]
internal enum SislReqFlags : ushort
{
    /// <summary>Port mask and LUN id, timeout in seconds, host reads.</summary>
    None = 0,

    /// <summary>Data goes from the host to the LUN.</summary>
    HostWrite = 0x0001,

    /// <summary>The CDB is a command to the AFU itself.</summary>
    AfuCmd = 0x0002,

    /// <summary>The CDB is a task management function.</summary>
    TmfCmd = 0x0004,

    TimeoutMilliseconds = 0x0040,
    TimeoutMicroseconds = 0x0080,

    /// <summary>Both bits of the timeout's unit; seconds when neither is set.</summary>
    TimeoutCycles = 0x00C0,

    /// <summary>Underrun is not an error.</summary>
    SupUnderrun = 0x4000,

    /// <summary>The LUN is addressed by resource handle.</summary>
    ResHndl = 0x8000,
}
