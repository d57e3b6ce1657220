using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Driver;

/// <content>VERIFY and MANAGE_LUN (SP §2.6).</content>
internal sealed partial class AdapterDriver
{
    private Errno Verify(DeviceCall call, ref DkCxlflashVerify argument)
    {
        DriverContext? context = FindUnlocked(argument.ContextId, call.Caller, call.Lun);
        if (context is null || !context.Owns(argument.RsrcHandle, call.Lun))
        {
            return Errno.InvalidArgument;
        }

        if ((argument.Hint & DkCxlflashVerify.HintSense) != 0)
        {
            Errno errno = ProcessSense(call, argument.SenseData);
            if (errno != Errno.None)
            {
                return errno;
            }
        }

        GlobalLun lun = call.Lun.Parent;
        argument.LastLba = lun.Mode == LunMode.Physical
            ? lun.MaxLba
            : lun.LastLbaOf(context.Table[(int)argument.RsrcHandle].LxtCnt);
        return Errno.None;
    }

    private Errno ProcessSense(DeviceCall call, ReadOnlySpan<byte> data)
    {
        if (!ScsiSense.TryParse(data, out ScsiSense sense))
        {
            return Errno.InvalidArgument;
        }

        switch (sense.Key)
        {
            case ScsiSenseKey.NoSense or ScsiSenseKey.RecoveredError or ScsiSenseKey.NotReady:
                return Errno.None;
            case ScsiSenseKey.UnitAttention when sense.Asc is
                ScsiSense.AscReset or ScsiSense.AscParametersChanged:
                return TryReadCapacity(call.Device, call.Lun.Parent)
                    ? Errno.None
                    : Errno.NoDevice;
            case ScsiSenseKey.UnitAttention when sense.Asc == ScsiSense.AscTargetChanged:
                Rescan();
                return Errno.None;
            default:
                return Errno.InputOutput;
        }
    }

    // A rescan of the SCSI host: LUNs that were made by command get nodes, in legacy mode, and
    // those that were deleted lose them.
    private void Rescan()
    {
        foreach (AfuTarget target in _afu.Commands.Provisioned)
        {
            if (!_devices.Exists(device => device.Target == target))
            {
                AddDevice(int.TrailingZeroCount(target.Ports), target);
            }
        }

        foreach (ScsiDevice device in _devices)
        {
            device.IsGone |= _afu.FindTarget(device.Target.LunId) != device.Target;
        }
    }

    private Errno ManageLun(DeviceCall call, ref DkCxlflashManageLun argument)
    {
        if (_faults.Strikes(DriverFault.LunMemory))
        {
            return Errno.OutOfMemory;
        }

        ScsiDevice device = call.Device;
        LocalLun lun = FindOrCreateLun(argument.Wwid);
        ulong flags = argument.Hdr.Flags;
        if ((flags & DkCxlflashManageLun.EnableSuperpipe) != 0)
        {
            BindLun(device, lun);
        }
        else if ((flags & DkCxlflashManageLun.DisableSuperpipe) != 0)
        {
            if (lun.Parent.Mode != LunMode.None)
            {
                return Errno.Busy;
            }

            lun.RemoveChannel(device.Channel);
            device.Lun = null;
        }

        return Errno.None;
    }

    /// <summary>Puts a path into superpipe mode, as MANAGE_LUN does.</summary>
    internal void EnterSuperpipeMode(ScsiDevice device, Bytes16 wwid)
    {
        lock (_lock)
        {
            BindLun(device, FindOrCreateLun(wwid));
        }
    }

    private static void BindLun(ScsiDevice device, LocalLun lun)
    {
        lun.AddChannel(device.Channel, device.Target.LunId);
        device.Lun = lun;
    }

    // The driver believes the WWID: two paths with one WWID are two paths to one LUN.
    private LocalLun FindOrCreateLun(Bytes16 wwid)
    {
        GlobalLun parent = _module.FindOrCreateLunUnsynchronized(wwid);
        LocalLun? lun = _localLuns.Find(lun => lun.Parent == parent);
        if (lun is null)
        {
            lun = new LocalLun(parent);
            _localLuns.Add(lun);
        }

        return lun;
    }
}
