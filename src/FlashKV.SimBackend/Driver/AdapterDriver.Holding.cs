using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Driver;

/// <content>
/// What an ioctl holds while it waits. The module's lock is let go then, so that whoever waits for
/// a transfer that hangs, or for a medium that is slow to scrub, holds up nobody but those who want
/// the same context, or chunks of the same LUN (SP §3.1, lock order).
/// </content>
internal sealed partial class AdapterDriver
{
    // Transfers in memory end sooner: it is not worth to let go the lock for them.
    private const long BriefMilliseconds = 1;

    /// <summary>A medium that keeps a transfer for longer than this is taken for hung.</summary>
    internal long HungMilliseconds { get; set; } = 30_000;

    /// <summary>Lets others have a context.</summary>
    internal void LetGo(DriverContext context)
    {
        context.Afu.OpenLanes();
        Unlock(context);
    }

    // Finds a context that no other ioctl has. The lock may be let go meanwhile.
    private DriverContext? FindUnlocked(
        ulong id, Caller caller, LocalLun? lun, ContextLookup lookup = ContextLookup.None)
    {
        DriverContext? found = _contexts.Find(id, caller, lun, lookup);
        while (found is { IsLocked: true })
        {
            Monitor.Wait(_lock);
            found = _contexts.Find(id, caller, lun, lookup);
        }

        return found;
    }

    // Finds a context and holds it. What was looked up before may have changed when this returns.
    private HeldContext Hold(
        ulong id, Caller caller, LocalLun? lun, ContextLookup lookup = ContextLookup.None)
    {
        while (true)
        {
            DriverContext? found = FindUnlocked(id, caller, lun, lookup);
            if (found is null)
            {
                return new HeldContext(Errno.InvalidArgument);
            }

            if (!TryCloseLanes(found))
            {
                return new HeldContext(Errno.TimedOut);
            }

            // A reset that came while the lock was let go may have taken it off the AFU.
            if (_contexts.Find(id, caller, lun, lookup) == found)
            {
                return new HeldContext(this, found);
            }

            LetGo(found);
        }
    }

    // Locks a context that nobody has and closes its lanes.
    private bool TryCloseLanes(DriverContext context)
    {
        context.IsLocked = true;
        bool isClosed = context.Afu.TryCloseLanes(BriefMilliseconds);
        if (!isClosed)
        {
            _blockedCallers++;
            Monitor.PulseAll(_lock);
            Monitor.Exit(_lock);
            try
            {
                isClosed = context.Afu.TryCloseLanes(HungMilliseconds);
            }
            finally
            {
                Monitor.Enter(_lock);
                _blockedCallers--;
            }
        }

        if (!isClosed)
        {
            Unlock(context);
        }

        return isClosed;
    }

    private void Unlock(DriverContext context)
    {
        context.IsLocked = false;
        Monitor.PulseAll(_lock);
    }

    // The chunks of a LUN are one ioctl's while it scrubs.
    private void AwaitChunks(ChunkAllocator chunks)
    {
        while (chunks.IsHeld)
        {
            Monitor.Wait(_lock);
        }
    }

    // The context is not there for others meanwhile, as in the original.
    private void WriteZeros(DriverContext context, AfuTarget target, long lba, long count)
    {
        context.IsUnavailable = true;
        _blockedCallers++;
        Monitor.PulseAll(_lock);
        Monitor.Exit(_lock);
        try
        {
            _ = DriverWriteSame.Zero(target, lba, count);
        }
        finally
        {
            Monitor.Enter(_lock);
            _blockedCallers--;
            context.IsUnavailable = false;
        }
    }
}
