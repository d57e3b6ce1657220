using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Driver;

/// <content>USER_DIRECT, USER_VIRTUAL, RELEASE (SP §2.6, §3.11).</content>
internal sealed partial class AdapterDriver
{
    private Errno UserDirect(DeviceCall call, ref DkCxlflashUdirect argument)
    {
        GlobalLun lun = call.Lun.Parent;
        if (!lun.TryUse(LunMode.Physical))
        {
            return Errno.InvalidArgument;
        }

        Errno errno = OpenPhysical(call, argument.ContextId, out int handle);
        if (errno != Errno.None)
        {
            lun.EndUse();
            return errno;
        }

        argument.RsrcHandle = (ulong)handle;
        argument.LastLba = lun.MaxLba;
        return Errno.None;
    }

    private Errno OpenPhysical(DeviceCall call, ulong contextId, out int handle)
    {
        handle = -1;
        using HeldContext held = Hold(contextId, call.Caller, call.Lun);
        if (held.Errno != Errno.None)
        {
            return held.Errno;
        }

        DriverContext context = held.Context;
        handle = context.CheckOut(call.Lun);
        if (handle < 0)
        {
            return Errno.TooManyOpen;
        }

        ref SislRhtEntryF1 entry = ref context.Table.Physical(handle);
        entry.Fp = (byte)(SislRht.Format1 | context.Permissions);
        entry.LunId = call.Lun.LunId(call.Device.Channel);
        entry.PortSel = (byte)(1 << call.Device.Channel);
        entry.Valid = SislRhtEntryF1.ValidBit;
        Errno errno = Sync();
        if (errno != Errno.None)
        {
            context.CheckIn(handle);
        }

        return errno;
    }

    private Errno UserVirtual(DeviceCall call, ref DkCxlflashUvirtual argument)
    {
        GlobalLun lun = call.Lun.Parent;
        if (lun.Mode == LunMode.None
            && (_faults.Strikes(DriverFault.ChunkMemory) || !lun.TryPrepareChunks()))
        {
            return Errno.OutOfMemory;
        }

        if (!lun.TryUse(LunMode.Virtual))
        {
            return Errno.InvalidArgument;
        }

        Errno errno = _lunTable.Promote(call.Lun);
        if (errno == Errno.None)
        {
            errno = OpenVirtual(call, ref argument);
        }

        if (errno != Errno.None)
        {
            lun.EndUse();
        }

        return errno;
    }

    private Errno OpenVirtual(DeviceCall call, ref DkCxlflashUvirtual argument)
    {
        using HeldContext held = Hold(argument.ContextId, call.Caller, call.Lun);
        if (held.Errno != Errno.None)
        {
            return held.Errno;
        }

        DriverContext context = held.Context;
        int handle = context.CheckOut(call.Lun);
        if (handle < 0)
        {
            return Errno.TooManyOpen;
        }

        ref SislRhtEntry entry = ref context.Table[handle];
        entry.Nmask = CxlflashLimits.ChunkShift;
        entry.Fp = context.Permissions;
        Errno errno = ResizeTo(context, handle, call.Access, argument.LunSize, out ulong lastLba);
        if (errno != Errno.None)
        {
            GiveUp(context, handle, call.Access);
            return errno;
        }

        context.SetNeedsScrub(
            handle, (argument.Hdr.Flags & DkCxlflashUvirtual.NeedWriteSame) != 0);
        argument.RsrcHandle = (ulong)handle;
        argument.LastLba = lastLba;
        argument.Hdr.ReturnFlags = call.Lun.PortCount > 1
            ? DkCxlflashReturnFlags.AllPortsActive
            : DkCxlflashReturnFlags.None;
        return Errno.None;
    }

    // Chunks that a failed sync has left behind go back as well, unless the original's defect is
    // wanted.
    private void GiveUp(DriverContext context, int handle, LunAccess access)
    {
        if (Has(OriginalDefects.FailedSyncLeaks))
        {
            context.CheckInStale(handle);
        }
        else
        {
            FreeChunks(context, handle, access);
            context.CheckIn(handle);
        }
    }

    private Errno Release(DeviceCall call, ref DkCxlflashRelease argument)
    {
        using HeldContext held = Hold(
            argument.ContextId, call.Caller, call.Lun, ContextLookup.ErrorFallback);
        if (held.Errno != Errno.None)
        {
            return held.Errno;
        }

        return held.Context.Owns(argument.RsrcHandle, call.Lun)
            ? ReleaseHandle(held.Context, (int)argument.RsrcHandle, call.Access)
            : Errno.InvalidArgument;
    }

    // Lanes are closed.
    private Errno ReleaseHandle(DriverContext context, int handle, LunAccess access)
    {
        if (SislRht.Format(context.Table[handle].Fp) == 0)
        {
            Errno errno = ResizeTo(context, handle, access, 0, out _);
            if (errno != Errno.None)
            {
                return errno;
            }
        }
        else if (!context.IsInError)
        {
            _ = Sync();
        }

        context.CheckIn(handle);
        access.Lun.Parent.EndUse();
        return Errno.None;
    }

    // What DETACH and the last close do: errors of the AFU do not keep a handle.
    private void ReleaseHandlesOf(DriverContext context, LunAccess access)
    {
        for (int handle = 0; handle < context.Table.Count; handle++)
        {
            if (context.Owns((ulong)handle, access.Lun)
                && ReleaseHandle(context, handle, access) != Errno.None)
            {
                context.CheckIn(handle);
                access.Lun.Parent.EndUse();
            }
        }
    }
}
