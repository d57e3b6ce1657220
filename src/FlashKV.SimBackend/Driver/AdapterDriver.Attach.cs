using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Driver;

/// <content>ATTACH and DETACH (SP §2.6, §3.3).</content>
internal sealed partial class AdapterDriver
{
    // The AFU raises up to three kinds of interrupt and needs one at least. This is the CAPI core's
    // to check; OpenCAPI has no such core.
    private const ulong MinInterrupts = 1;

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
        DriverContext? context = FindUnlocked(argument.ContextId, call.Caller, lun: null);
        if (context is null || context.Has(call.Lun))
        {
            return Errno.InvalidArgument;
        }

        Errno errno = TakeReference();
        if (errno != Errno.None)
        {
            if (errno == Errno.OutOfMemory && Has(OriginalDefects.ReuseFreesContext))
            {
                End(context);
            }

            return errno;
        }

        context.Attach(call.Access);
        argument.AdapFd = ulong.MaxValue;
        return Errno.None;
    }

    // What adding a LUN to a context needs, in the original's order.
    private Errno TakeReference() =>
        _faults.Strikes(DriverFault.DeviceReference) ? Errno.NoDeviceOrAddress
            : _faults.Strikes(DriverFault.AccessMemory) ? Errno.OutOfMemory
            : Errno.None;

    private Errno AttachNew(DeviceCall call, ref DkCxlflashAttach argument)
    {
        Errno errno = TakeReference();
        if (errno == Errno.None && _faults.Strikes(DriverFault.ContextMemory))
        {
            errno = Errno.OutOfMemory;
        }

        ContextFile? file = null;
        if (errno == Errno.None)
        {
            errno = OpenContextFile(call.Caller, argument.NumInterrupts, out file);
        }

        if (errno != Errno.None)
        {
            return errno;
        }

        ulong openMode = argument.Hdr.Flags & DkCxlflashAttach.OpenModeMask;
        DriverContext context = new(
            _module.NextGeneration(), call.Caller.ProcessId, SislRht.PermissionsOf(openMode), file!,
            _handlesPerContext)
        {
            Interrupts = argument.NumInterrupts,
        };
        if (!TrySetUp(file!.Afu, context))
        {
            file.Afu.Lose();
            context.Dispose();
            return Errno.TryAgain;
        }

        context.Attach(call.Access);
        _contexts.Add(context);
        argument.ContextId = context.Id.Value;
        argument.AdapFd = (ulong)Install(call.Process, file);
        argument.Hdr.ReturnFlags = DkCxlflashReturnFlags.AppCloseAdapFd;
        return Errno.None;
    }

    private Errno Detach(DeviceCall call, ref DkCxlflashDetach argument)
    {
        using HeldContext held = Hold(
            argument.ContextId, call.Caller, call.Lun, ContextLookup.ErrorFallback);
        if (held.Errno != Errno.None)
        {
            return held.Errno;
        }

        DriverContext context = held.Context;
        ReleaseHandlesOf(context, call.Access);
        if (context.Detach(call.Lun) == 0)
        {
            ReleaseAllHandles(context);
            Destroy(context);
        }

        return Errno.None;
    }

    // A seat on the AFU that nobody has; nothing is published yet.
    private Errno OpenContextFile(Caller caller, ulong interrupts, out ContextFile? file)
    {
        file = null;
        int element = _contexts.FindFreeElement();
        Errno errno = element < 0 || _faults.Strikes(DriverFault.ContextSeat) ? Errno.NoDevice
            : interrupts < MinInterrupts && !_afu.IsOpenCapi ? Errno.InvalidArgument
            : _faults.Strikes(DriverFault.ContextStart) ? Errno.InputOutput
            : _faults.Strikes(DriverFault.ProcessElement) ? Errno.NotPermitted
            : _faults.Strikes(DriverFault.Descriptor) ? Errno.NoDevice
            : Errno.None;
        if (errno != Errno.None)
        {
            return errno;
        }

        ushort handle = (ushort)element;
        file = new ContextFile(
            this, handle, _afu.CreateContext(
                handle, new ContextEvents(handle, _afu.IsOpenCapi), caller.Memory));
        return Errno.None;
    }

    // Publishes the seat: from here on it holds its process element.
    private int Install(HostProcess process, ContextFile file)
    {
        _contexts.Occupy(file);
        PublishLiveContexts();
        return process.InstallUnsynchronized(file);
    }

    // SP §3.3. Says whether the AFU took the capabilities.
    private bool TrySetUp(AfuContext afu, DriverContext context)
    {
        ControlMap control = afu.Control;
        _ = control.Read(SislCtrlMap.MboxR);
        control.Write(SislCtrlMap.CtxCap, (ulong)SislCtxCap.User);
        if (control.Read(SislCtrlMap.CtxCap) != (ulong)SislCtxCap.User
            || _faults.Strikes(DriverFault.CapabilityWrite))
        {
            return false;
        }

        if (_afu.IsOpenCapi)
        {
            SetUpInterrupts(afu, (int)context.Interrupts);
        }

        control.Write(SislCtrlMap.RhtStart, context.Table.Address);
        control.Write(
            SislCtrlMap.RhtCntId,
            SislCtrlMap.PackRhtCntId(context.Table.Count, AfuModel.MasterHandle));
        return true;
    }

    // There are addresses for three; the original writes a fourth beyond them. What they say is
    // between the AFU and the bus: no two are alike, and none is 0.
    private static void SetUpInterrupts(AfuContext afu, int count)
    {
        const ulong FirstAddress = 0x0006_0000_0000_0000;
        const int PageShift = 16;
        ControlMap control = afu.Control;
        for (int i = 0; i < Math.Min(count, SislCtrlMap.LisnCount); i++)
        {
            int number = (afu.Handle * SislCtrlMap.LisnCount) + i;
            control.Write(
                SislCtrlMap.LisnEa + (i * sizeof(ulong)),
                FirstAddress + ((ulong)number << PageShift));
        }

        control.Write(
            SislCtrlMap.LisnPasid,
            SislCtrlMap.PackLisnPasid(AfuModel.MasterHandle, AfuModel.MasterHandle));
        control.Write(
            SislCtrlMap.LisnPasid + sizeof(ulong),
            SislCtrlMap.PackLisnPasid(0, AfuModel.MasterHandle));
    }

    // SP §3.10: READ CAPACITY(16) over the device's own path. A unit attention that it is told of
    // is one that nobody else is told of; the command is sent once more.
    private bool TryReadCapacity(ScsiDevice device, GlobalLun lun)
    {
        const int Tries = 2;
        for (int i = 0; i < Tries; i++)
        {
            if ((_afu.UsablePorts & (1 << device.Channel)) == 0
                || _faults.Strikes(DriverFault.ReadCapacity))
            {
                return false;
            }

            if (!device.Target.TryTakeUnitAttention(out ScsiSense sense))
            {
                lun.SetCapacity(new ReadCapacity16Data(
                    device.Target.LastLba, device.Target.BlockLength));
                return State != AdapterState.Failed;
            }

            bool mayTryAgain = sense.Asc is ScsiSense.AscReset
                or ScsiSense.AscParametersChanged or ScsiSense.AscTargetChanged;
            if (!mayTryAgain)
            {
                return false;
            }
        }

        return false;
    }
}
