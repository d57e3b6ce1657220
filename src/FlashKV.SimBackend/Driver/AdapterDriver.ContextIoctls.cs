using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Driver;

/// <content>
/// The ioctls of the cxl core, which work on a context's descriptor too (SP §2.10). A client needs
/// none of them.
/// </content>
internal sealed partial class AdapterDriver
{
    // Source: misc/cxl.h, struct cxl_afu_id: flags, card, AFU of the card, mode.
    private const int AfuIdCardOffset = 8;
    private const int AfuIdModeOffset = 16;
    private const ulong AfuIdSlave = 1;
    private const uint ModeDirected = 2;

    /// <summary>Issues an ioctl on the descriptor of a context.</summary>
    internal Errno ContextIoctlUnsynchronized(
        ContextFile file, uint request, Span<byte> argument)
    {
        if (_afu.IsOpenCapi)
        {
            return Errno.InappropriateIoctl;
        }

        ApplyPendingReset();
        if (file.Afu.IsLost)
        {
            return Errno.InputOutput;
        }

        return request switch
        {
            // ATTACH has started it.
            CxlIoctlRequest.StartWork => Errno.InputOutput,
            CxlIoctlRequest.GetProcessElement or CxlIoctlRequest.GetAfuId
                when argument.Length < IoctlRequest.SizeOf(request) => Errno.BadAddress,
            CxlIoctlRequest.GetProcessElement => TellProcessElement(file, argument),
            CxlIoctlRequest.GetAfuId => TellAfuId(argument),
            _ => Errno.InvalidArgument,
        };
    }

    private static Errno TellProcessElement(ContextFile file, Span<byte> argument)
    {
        _ = BitConverter.TryWriteBytes(argument, (uint)file.ProcessElement);
        return Errno.None;
    }

    // A context of a user is a slave of the driver's.
    private Errno TellAfuId(Span<byte> argument)
    {
        argument[..IoctlRequest.SizeOf(CxlIoctlRequest.GetAfuId)].Clear();
        _ = BitConverter.TryWriteBytes(argument, AfuIdSlave);
        _ = BitConverter.TryWriteBytes(argument[AfuIdCardOffset..], (uint)Number);
        _ = BitConverter.TryWriteBytes(argument[AfuIdModeOffset..], ModeDirected);
        return Errno.None;
    }
}
