namespace FlashKV.SimBackend.Driver;

/// <summary>An ioctl on a device node: who calls, and on which path.</summary>
internal readonly record struct DeviceCall(HostProcess Process, ScsiDevice Device)
{
    /// <summary>Who calls.</summary>
    internal Caller Caller => Process.Caller;

    /// <summary>The LUN of the path, which all but MANAGE_LUN have checked to be there.</summary>
    internal LocalLun Lun => Device.Lun!;

    /// <summary>The LUN with the path.</summary>
    internal LunAccess Access => new(Lun, Device);
}
