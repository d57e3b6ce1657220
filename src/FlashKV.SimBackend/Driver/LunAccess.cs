namespace FlashKV.SimBackend.Driver;

/// <summary>A LUN that is attached to a context, and the path over which it was attached.</summary>
internal readonly record struct LunAccess(LocalLun Lun, ScsiDevice Device);
