namespace FlashKV.Superpipe;

/// <summary>
/// Access to a device or a context. The values are those of O_RDONLY, O_WRONLY, O_RDWR.
/// </summary>
public enum DeviceAccess
{
    /// <summary>Reading only.</summary>
    Read = 0,

    /// <summary>Writing only.</summary>
    Write = 1,

    /// <summary>Reading and writing.</summary>
    ReadWrite = 2,
}
