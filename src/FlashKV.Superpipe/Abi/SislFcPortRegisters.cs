namespace FlashKV.Superpipe.Abi;

/// <summary>
/// Byte offsets from <see cref="AfuAddressMap.FcPort"/>, and the values of the registers.
/// Source: sislite.h, FC_*.
/// </summary>
internal static class SislFcPortRegisters
{
    internal const int MtipCmdConfig = 0x010;
    internal const int MtipStatus = 0x018;
    internal const int MaxNumLuns = 0x080;
    internal const int CurNumLuns = 0x088;
    internal const int MaxCapPort = 0x090;
    internal const int CurCapPort = 0x098;

    /// <summary>World-wide port name.</summary>
    internal const int Pname = 0x300;

    internal const int Config = 0x320;
    internal const int Config2 = 0x328;
    internal const int Status = 0x330;
    internal const int Error = 0x380;
    internal const int ErrCap = 0x388;
    internal const int ErrMsk = 0x390;
    internal const int CntCrcErr = 0x538;
    internal const int CrcThresh = 0x580;

    internal const ulong CmdConfigOnline = 0x20;
    internal const ulong CmdConfigOffline = 0x40;

    internal const ulong StatusMask = 0x30;
    internal const ulong StatusOnline = 0x20;
    internal const ulong StatusOffline = 0x10;

    /// <summary>Of config2.</summary>
    internal const ulong ShutdownNormal = 0x10;

    /// <summary>Of config2.</summary>
    internal const ulong ShutdownAbrupt = 0x20;

    /// <summary>Of config2: bits 33:32 hold the internal-LUN mode less one.</summary>
    internal const int Config2InternalLunShift = 32;

    /// <summary>Of status.</summary>
    internal const ulong ShutdownActive = 0x10;

    /// <summary>Of status.</summary>
    internal const ulong ShutdownComplete = 0x20;

    /// <summary>What the driver writes to crc_thresh.</summary>
    internal const ulong DefaultCrcThreshold = 100;
}
