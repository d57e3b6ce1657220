namespace FlashKV.SimBackend;

/// <summary>A way for a <see cref="FileMedium"/> to reach its file.</summary>
internal enum FileAccessMethod
{
    /// <summary>The best that the system allows.</summary>
    Best,

    /// <summary>io_uring, where direct I/O and io_uring are allowed; else positioned calls.</summary>
    IoUring,

    /// <summary>Positioned system calls of Linux.</summary>
    Positioned,

    /// <summary>The runtime's own file calls.</summary>
    Portable,
}
