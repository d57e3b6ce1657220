using System.Diagnostics;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Driver;

/// <summary>
/// A context that an ioctl has to itself, as by the original's mutex of the context; or the reason
/// why it has not. While it is held no command of it is being executed, so that its tables may be
/// changed and freed.
/// </summary>
internal readonly ref struct HeldContext
{
    private readonly AdapterDriver? _driver;
    private readonly DriverContext? _context;

    /// <summary>It could not be had.</summary>
    internal HeldContext(Errno errno)
    {
        Debug.Assert(errno != Errno.None, "a reason");
        Errno = errno;
    }

    /// <summary>It is held, and its lanes are closed.</summary>
    internal HeldContext(AdapterDriver driver, DriverContext context)
    {
        _driver = driver;
        _context = context;
    }

    /// <summary>
    /// EINVAL when there is no such context for the caller; ETIMEDOUT when one of its transfers
    /// hangs in the medium.
    /// </summary>
    internal Errno Errno { get; }

    /// <summary>The context.</summary>
    internal DriverContext Context =>
        _context ?? throw new InvalidOperationException("It could not be had.");

    public void Dispose() => _driver?.LetGo(_context!);
}
