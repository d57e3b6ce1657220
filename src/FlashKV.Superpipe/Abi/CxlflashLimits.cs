namespace FlashKV.Superpipe.Abi;

/// <summary>
/// Fixed sizes and limits of driver and adapter. Source: superpipe.h, vlun.h, sislite.h, common.h.
/// </summary>
internal static class CxlflashLimits
{
    /// <summary>MAX_CONTEXT: contexts of one AFU, the driver's own included.</summary>
    internal const int MaxContexts = 512;

    /// <summary>MAX_RHT_PER_CONTEXT with 4 KiB pages: one page of 16-byte entries.</summary>
    internal const int MaxRhtPerContext = 256;

    /// <summary>MAX_RHT_PER_CONTEXT with 64 KiB pages.</summary>
    internal const int MaxRhtPerContextOfLargePages = 4096;

    /// <summary>MC_CHUNK_SHIFT, and the nmask of a format-0 entry.</summary>
    internal const int ChunkShift = 16;

    /// <summary>MC_CHUNK_SIZE: LBAs of a chunk, in the LUN's own blocks.</summary>
    internal const int ChunkSize = 1 << ChunkShift;

    /// <summary>CXLFLASH_BLOCK_SIZE: the unit of LUN sizes and of virtual LBAs, in bytes.</summary>
    internal const int BlockSize = 4096;

    /// <summary>LXT_GROUP_SIZE: LXT entries are allocated in groups of this many.</summary>
    internal const int LxtGroupSize = 8;

    /// <summary>MAX_AUN_CLONE_CNT: further owners that a chunk can have.</summary>
    internal const int MaxAunCloneCount = 0xFF;

    /// <summary>CXLFLASH_MAX_XFER_SIZE: bytes of the longest transfer on a physical LUN.</summary>
    internal const int MaxXferSize = 16 * 1024 * 1024;

    /// <summary>Bytes of one context's host transport map.</summary>
    internal const int MmioSize = 0x10000;

    /// <summary>The most interrupts that ATTACH accepts.</summary>
    internal const int MaxInterrupts = 4;

    /// <summary>CXLFLASH_NUM_VLUNS: LUN-table slots of a port.</summary>
    internal const int LunTableSlots = 512;

    /// <summary>The highest LUN-table slot that is given out.</summary>
    internal const int LastLunTableSlot = 255;

    /// <summary>MAX_FC_PORTS.</summary>
    internal const int MaxFcPorts = 4;

    /// <summary>The number of ports taken when afu_port_sel reads 0.</summary>
    internal const int LegacyFcPorts = 2;

    /// <summary>CXLFLASH_MAX_ADAPTERS.</summary>
    internal const int MaxAdapters = 32;
}
