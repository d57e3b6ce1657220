using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Driver;

/// <summary>
/// The host ioctls (SP §2.8). The simulated AFU has neither of the capabilities behind them, so a
/// good argument is answered as an adapter without them does.
/// </summary>
internal static class HostIoctls
{
    internal static Errno Dispatch(uint request, ReadOnlySpan<byte> argument)
    {
        if (request is not (IoctlRequest.LunProvision or IoctlRequest.AfuDebug))
        {
            return Errno.InvalidArgument;
        }

        if (argument.Length < IoctlRequest.SizeOf(request))
        {
            return Errno.BadAddress;
        }

        HtCxlflashHdr header = AbiBytes.Read<HtCxlflashHdr>(argument);
        bool isGood = header is { Version: HtCxlflashHdr.Version0, Rsvd: 0, ReturnFlags: 0 };
        return isGood ? Errno.NotSupported : Errno.InvalidArgument;
    }
}
