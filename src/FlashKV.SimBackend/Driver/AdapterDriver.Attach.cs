using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Driver;

/// <content>ATTACH and DETACH (SP §2.6, §3.3).</content>
internal sealed partial class AdapterDriver
{
    // The AFU raises up to three kinds of interrupt and needs one at least.
    private const ulong MinInterrupts = 1;

    private uint _generation;

    private Errno Attach(DeviceCall call, ref DkCxlflashAttach argument)
    {
        GlobalLun lun = call.Lun.Parent;
        if (argument.NumInterrupts > CxlflashLimits.MaxInterrupts)
        {
            return Errno.InvalidArgument;
        }

        if (lun.MaxLba == 0 && !TryReadCapacity(call.Device, lun))
        {
            return Errno.NoDevice;
        }

        bool isReuse = (argument.Hdr.Flags & DkCxlflashAttach.ReuseContext) != 0;
        Errno errno = isReuse ? AttachTo(call, ref argument) : AttachNew(call, ref argument);
        if (errno == Errno.None)
        {
            argument.Hdr.ReturnFlags |= SubmissionFlag;
            argument.MmioSize = CxlflashLimits.MmioSize;
            argument.BlockSize = lun.BlockLength;
            argument.LastLba = lun.MaxLba;
            argument.MaxXfer = CxlflashLimits.MaxXferSize / lun.BlockLength;
        }

        return errno;
    }

    private DkCxlflashReturnFlags SubmissionFlag =>
        _afu.Mode == SubmissionMode.SubmissionQueue
            ? DkCxlflashReturnFlags.ContextSqCmdMode
            : DkCxlflashReturnFlags.None;

    private Errno AttachTo(DeviceCall call, ref DkCxlflashAttach argument)
    {
        DriverContext? context = _contexts.Find(argument.ContextId, call.Caller, lun: null);
        if (context is null || context.Has(call.Lun))
        {
            return Errno.InvalidArgument;
        }

        context.Accesses.Add(call.Access);
        argument.AdapFd = ulong.MaxValue;
        return Errno.None;
    }

    private Errno AttachNew(DeviceCall call, ref DkCxlflashAttach argument)
    {
        ContextFile? file = OpenContextFile(call.Caller);
        if (file is null)
        {
            return Errno.NoDevice;
        }

        if (argument.NumInterrupts < MinInterrupts)
        {
            return Errno.InvalidArgument;
        }

        ulong openMode = argument.Hdr.Flags & DkCxlflashAttach.OpenModeMask;
        DriverContext context = new(
            ++_generation, call.Caller.ProcessId, SislRht.PermissionsOf(openMode), file,
            _handlesPerContext);
        if (!TrySetUp(file.Afu, context.Table))
        {
            context.Dispose();
            return Errno.TryAgain;
        }

        context.Accesses.Add(call.Access);
        _contexts.Add(context);
        argument.ContextId = context.Id.Value;
        argument.AdapFd = (ulong)Install(call.Process, file);
        argument.Hdr.ReturnFlags = DkCxlflashReturnFlags.AppCloseAdapFd;
        return Errno.None;
    }

    private Errno Detach(DeviceCall call, ref DkCxlflashDetach argument)
    {
        DriverContext? context = _contexts.Find(
            argument.ContextId, call.Caller, call.Lun, ContextLookup.ErrorFallback);
        if (context is null)
        {
            return Errno.InvalidArgument;
        }

        using LaneClosure closure = new(context.Afu);
        if (!closure.IsClosed)
        {
            return Errno.TimedOut;
        }

        ReleaseHandlesOf(context, call.Access);
        context.Remove(call.Lun);
        if (context.Accesses.Count == 0)
        {
            Destroy(context);
        }

        return Errno.None;
    }

    // A seat on the AFU that nobody has; nothing is published yet.
    private ContextFile? OpenContextFile(Caller caller)
    {
        int element = _contexts.FindFreeElement();
        if (element < 0)
        {
            return null;
        }

        ushort handle = (ushort)element;
        return new ContextFile(
            this, handle, _afu.CreateContext(handle, new ContextEvents(handle), caller.Memory));
    }

    // Publishes the seat: from here on it holds its process element.
    private int Install(HostProcess process, ContextFile file)
    {
        _contexts.Occupy(file);
        PublishLiveContexts();
        return process.InstallUnsynchronized(file);
    }

    // SP §3.3. Says whether the AFU took the capabilities.
    private static bool TrySetUp(AfuContext afu, ResourceHandleTable table)
    {
        const int MasterHandle = 0;
        ControlMap control = afu.Control;
        _ = control.Read(SislCtrlMap.MboxR);
        control.Write(SislCtrlMap.CtxCap, (ulong)SislCtxCap.User);
        if (control.Read(SislCtrlMap.CtxCap) != (ulong)SislCtxCap.User)
        {
            return false;
        }

        control.Write(SislCtrlMap.RhtStart, table.Address);
        control.Write(
            SislCtrlMap.RhtCntId,
            SislCtrlMap.PackRhtCntId(table.Count, MasterHandle));
        return true;
    }

    // SP §3.10: READ CAPACITY(16) over the device's own path.
    private bool TryReadCapacity(ScsiDevice device, GlobalLun lun)
    {
        if ((_afu.UsablePorts & (1 << device.Channel)) == 0)
        {
            return false;
        }

        lun.SetCapacity(new ReadCapacity16Data(
            device.Target.LastLba, device.Target.BlockLength));
        return true;
    }
}
