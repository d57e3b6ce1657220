namespace FlashKV.Superpipe;

/// <summary>
/// Linux error numbers that the driver and its ioctls answer with. <see cref="None"/> is success.
/// </summary>
/// <remarks>
/// Source: include/uapi/asm-generic/errno-base.h, errno.h and include/linux/errno.h.
/// </remarks>
public enum Errno
{
    /// <summary>Success.</summary>
    None = 0,

    /// <summary>EPERM: the operation is not permitted.</summary>
    NotPermitted = 1,

    /// <summary>ENOENT: no such file or device.</summary>
    NoEntry = 2,

    /// <summary>EINTR: a signal interrupted the call.</summary>
    Interrupted = 4,

    /// <summary>EIO: the device failed.</summary>
    InputOutput = 5,

    /// <summary>ENXIO: no such device or address.</summary>
    NoDeviceOrAddress = 6,

    /// <summary>EBADF: the descriptor is not open.</summary>
    BadDescriptor = 9,

    /// <summary>EAGAIN: try again.</summary>
    TryAgain = 11,

    /// <summary>ENOMEM: out of memory.</summary>
    OutOfMemory = 12,

    /// <summary>EACCES: permission denied.</summary>
    AccessDenied = 13,

    /// <summary>EFAULT: a bad address.</summary>
    BadAddress = 14,

    /// <summary>EBUSY: the device or resource is in use.</summary>
    Busy = 16,

    /// <summary>ENODEV: no such device, or it is gone.</summary>
    NoDevice = 19,

    /// <summary>EINVAL: an invalid argument.</summary>
    InvalidArgument = 22,

    /// <summary>EMFILE: too many open files or handles.</summary>
    TooManyOpen = 24,

    /// <summary>ENOTTY: an ioctl that this kind of file does not have.</summary>
    InappropriateIoctl = 25,

    /// <summary>ENOSPC: no space left.</summary>
    NoSpace = 28,

    /// <summary>EROFS: a read-only file system.</summary>
    ReadOnly = 30,

    /// <summary>ENETDOWN: the link to the storage is down.</summary>
    NetworkDown = 100,

    /// <summary>ENOBUFS: no buffer space.</summary>
    NoBuffers = 105,

    /// <summary>ETIMEDOUT: the operation timed out.</summary>
    TimedOut = 110,

    /// <summary>ENOTSUPP: the driver's own "not supported".</summary>
    NotSupported = 524,
}
