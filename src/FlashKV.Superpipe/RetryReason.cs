namespace FlashKV.Superpipe;

/// <summary>Why a command was sent again; see docs/superpipe.md, "Errors".</summary>
public enum RetryReason
{
    /// <summary>The login was lost or the link went down under it (Fibre Channel 54, 57).</summary>
    LinkDown,

    /// <summary>The exchange or the AFU timed out (Fibre Channel 52, AFU 50, 51).</summary>
    Timeout,

    /// <summary>The LUN was busy or its queue full (SCSI 08, 28); after a delay.</summary>
    Busy,

    /// <summary>All ports were down (AFU 20); after a delay.</summary>
    NoChannels,

    /// <summary>The AFU was out of data buffers (AFU 30).</summary>
    OutOfDataBuffers,

    /// <summary>The AFU did not know the context, as after a reset of its own (AFU 21).</summary>
    CapabilityViolation,

    /// <summary>A page had to be brought in (AFU 04, 14, 31 with 0A).</summary>
    PageIn,

    /// <summary>The LUN had something to say first (sense key 6): VERIFY, then again.</summary>
    UnitAttention,

    /// <summary>The LUN was not ready, or gave no sense data (SCSI 02).</summary>
    CheckCondition,

    /// <summary>The transfer ended short, or was aborted (Fibre Channel 58 to 5C, residue).</summary>
    Residual,

    /// <summary>The command was not answered in time, and a context reset took it back.</summary>
    ContextReset,

    /// <summary>Another error of the AFU that may pass (05, 15, 1A and codes unknown here).</summary>
    OtherAfuError,
}
