namespace FlashKV.Superpipe.Abi;

/// <summary>afu_extra with a DMA error. Source: sislite.h, SISL_AFU_DMA_ERR_*.</summary>
internal enum SislAfuDmaExtra : byte
{
    None = 0x00,

    /// <summary>A page had to be brought in: retry.</summary>
    PageIn = 0x0A,

    InvalidEa = 0x0B,
}
