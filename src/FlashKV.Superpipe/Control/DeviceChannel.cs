using FlashKV.Superpipe.Abi;

namespace FlashKV.Superpipe.Control;

/// <summary>
/// An open device node ("fd1"), without its kind of registers. Closed when the device object and
/// every context that uses it are.
/// </summary>
internal abstract class DeviceChannel(string path)
{
    private readonly Lock _lock = new();
    private int _references = 1;

    /// <summary>The path of the node.</summary>
    internal string Path => path;

    /// <summary>Makes a context.</summary>
    internal abstract SuperpipeContext Attach(AttachOptions options);

    /// <summary>Turns superpipe mode of the LUN on or off.</summary>
    internal abstract Errno ManageLun(ReadOnlySpan<byte> wwid, bool isSuperpipe);

    /// <summary>Makes, deletes or counts LUNs of a port of the adapter.</summary>
    internal abstract Errno ProvisionLun(ref HtCxlflashLunProvision argument);

    /// <summary>Passes a debug command to the AFU.</summary>
    internal abstract Errno DebugAfu(ref HtCxlflashAfuDebug argument);

    /// <summary>Keeps the node open.</summary>
    internal void AddReference()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_references == 0, typeof(SuperpipeDevice));
            _references++;
        }
    }

    /// <summary>Closes the node when this was the last reference.</summary>
    internal void RemoveReference()
    {
        lock (_lock)
        {
            if (--_references == 0)
                CloseDescriptor();
        }
    }

    private protected abstract void CloseDescriptor();
}
