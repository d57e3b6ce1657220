using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Driver;

/// <content>RECOVER_AFU (SP §3.6).</content>
internal sealed partial class AdapterDriver
{
    private Errno RecoverAfu(DeviceCall call, ref DkCxlflashRecoverAfu argument)
    {
        DriverContext? context = _contexts.Find(
            argument.ContextId, call.Caller, call.Lun, ContextLookup.ErrorFallback);
        if (context is null)
        {
            return Errno.InvalidArgument;
        }

        // Nothing was wrong: everything stays as supplied.
        return context.IsInError ? RecoverContext(call.Process, context, ref argument) : Errno.None;
    }

    private Errno RecoverContext(
        HostProcess process, DriverContext context, ref DkCxlflashRecoverAfu argument)
    {
        // The client gets its memory back with the new window, so the last transfer of the old
        // one must have ended.
        using LaneClosure closure = new(context.Afu);
        if (!closure.IsClosed)
        {
            return Errno.NoDevice;
        }

        ContextFile? file = OpenContextFile(process.Caller);
        if (file is null)
        {
            return Errno.NoDevice;
        }

        if (!TrySetUp(file.Afu, context.Table))
        {
            return Errno.TryAgain;
        }

        context.File = file;
        _contexts.Restore(context);
        argument.ContextId = context.Id.Value;
        argument.AdapFd = (ulong)Install(process, file);
        argument.MmioSize = CxlflashLimits.MmioSize;
        argument.Hdr.ReturnFlags = DkCxlflashReturnFlags.RecoverAfuContextReset
            | DkCxlflashReturnFlags.AppCloseAdapFd | SubmissionFlag;
        return Errno.None;
    }
}
