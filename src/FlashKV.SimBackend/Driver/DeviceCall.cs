namespace FlashKV.SimBackend.Driver;

/// <summary>An ioctl on a device node: who calls, and on which path.</summary>
internal readonly record struct DeviceCall(Caller Caller, ScsiDevice Device)
{
    /// <summary>The LUN of the path, which all but MANAGE_LUN have checked to be there.</summary>
    internal LocalLun Lun => Device.Lun!;
}
