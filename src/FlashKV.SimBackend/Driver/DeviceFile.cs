using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Driver;

/// <summary>The open file behind a descriptor of a device node ("fd1").</summary>
/// <param name="Device">The node.</param>
/// <param name="Access">How it was opened.</param>
internal sealed record class DeviceFile(ScsiDevice Device, DeviceAccess Access);
