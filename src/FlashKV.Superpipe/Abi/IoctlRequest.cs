namespace FlashKV.Superpipe.Abi;

/// <summary>
/// The request numbers of the superpipe ioctls: <c>_IOWR(0xCA, nr, size)</c>.
/// Source: cxlflash_ioctl.h.
/// </summary>
/// <remarks>
/// Direction "read and write" encodes to the same bits on every Linux architecture (generic
/// 3 &lt;&lt; 30, PowerPC 6 &lt;&lt; 29), so these numbers hold on all of them.
/// </remarks>
internal static class IoctlRequest
{
    internal const uint Attach = DkBase | (DkCxlflashAttach.SizeInBytes << SizeShift) | 0x80;
    internal const uint UserDirect = DkBase | (DkCxlflashUdirect.SizeInBytes << SizeShift) | 0x81;
    internal const uint Release = DkBase | (DkCxlflashRelease.SizeInBytes << SizeShift) | 0x82;
    internal const uint Detach = DkBase | (DkCxlflashDetach.SizeInBytes << SizeShift) | 0x83;
    internal const uint Verify = DkBase | (DkCxlflashVerify.SizeInBytes << SizeShift) | 0x84;
    internal const uint RecoverAfu =
        DkBase | (DkCxlflashRecoverAfu.SizeInBytes << SizeShift) | 0x85;
    internal const uint ManageLun = DkBase | (DkCxlflashManageLun.SizeInBytes << SizeShift) | 0x86;
    internal const uint UserVirtual =
        DkBase | (DkCxlflashUvirtual.SizeInBytes << SizeShift) | 0x87;
    internal const uint VlunResize = DkBase | (DkCxlflashResize.SizeInBytes << SizeShift) | 0x88;
    internal const uint VlunClone = DkBase | (DkCxlflashClone.SizeInBytes << SizeShift) | 0x89;

    internal const uint AfuDebug = DkBase | (HtCxlflashAfuDebug.SizeInBytes << SizeShift) | 0xBE;
    internal const uint LunProvision =
        DkBase | (HtCxlflashLunProvision.SizeInBytes << SizeShift) | 0xBF;

    /// <summary>MAX_CXLFLASH_IOCTL_SZ: the size of the largest DK argument.</summary>
    internal const int MaxDkSizeInBytes = 144;

    private const int SizeShift = 16;
    private const uint DkBase = (3u << 30) | (0xCAu << 8);

    /// <summary>The argument size that a request number states.</summary>
    internal static int SizeOf(uint request) => (int)((request >> SizeShift) & 0x3FFF);

    /// <summary>The number of the ioctl within its type.</summary>
    internal static byte NumberOf(uint request) => (byte)request;

    /// <summary>Whether the request is one of the ten DK ioctls.</summary>
    internal static bool IsDk(uint request) => request switch
    {
        Attach or UserDirect or Release or Detach or Verify or RecoverAfu or ManageLun
            or UserVirtual or VlunResize or VlunClone => true,
        _ => false,
    };
}
