using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Driver;

/// <summary>The open file behind a descriptor of a device node ("fd1").</summary>
/// <param name="device">The node.</param>
/// <param name="access">How it was opened.</param>
internal sealed class DeviceFile(ScsiDevice device, DeviceAccess access) : OpenFile
{
    /// <summary>The node.</summary>
    internal ScsiDevice Device => device;

    /// <summary>How it was opened.</summary>
    internal DeviceAccess Access => access;
}
