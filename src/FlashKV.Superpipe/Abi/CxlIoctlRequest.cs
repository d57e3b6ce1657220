namespace FlashKV.Superpipe.Abi;

/// <summary>
/// Request numbers of the cxl core that also work on a context's descriptor, in the generic
/// encoding (x86, arm64; PowerPC encodes <c>_IOR</c> and <c>_IOW</c> otherwise). The client needs
/// none of them. Source: include/uapi/misc/cxl.h.
/// </summary>
internal static class CxlIoctlRequest
{
    internal const uint StartWork = (1u << 30) | (64u << 16) | (0xCAu << 8) | 0;
    internal const uint GetProcessElement = (2u << 30) | (4u << 16) | (0xCAu << 8) | 1;
    internal const uint GetAfuId = (2u << 30) | (64u << 16) | (0xCAu << 8) | 2;
}
