using System.Diagnostics;
using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Driver;

/// <content>VLUN_RESIZE and the translation tables (SP §3.7, §3.8).</content>
internal sealed partial class AdapterDriver
{
    private readonly Queue<Errno> _syncFaults = new();

    /// <summary>Makes a later sync of the AFU's caches fail; one per call.</summary>
    internal void InjectSyncFault(Errno errno)
    {
        lock (_lock)
        {
            _syncFaults.Enqueue(errno);
        }
    }

    private Errno VlunResize(DeviceCall call, ref DkCxlflashResize argument)
    {
        if (call.Lun.Parent.Mode != LunMode.Virtual)
        {
            return Errno.InvalidArgument;
        }

        DriverContext? context = _contexts.Find(
            argument.ContextId, call.Caller, call.Lun, ContextLookup.ErrorFallback);
        if (context is null || !context.Owns(argument.RsrcHandle, call.Lun))
        {
            return Errno.InvalidArgument;
        }

        using LaneClosure closure = new(context.Afu);
        if (!closure.IsClosed)
        {
            return Errno.TimedOut;
        }

        int handle = (int)argument.RsrcHandle;
        Errno errno = ResizeTo(context, handle, call.Access, argument.ReqSize, out ulong lastLba);
        argument.LastLba = lastLba;
        return errno;
    }

    // Lanes are closed. The size is in 4,096-byte blocks.
    private Errno ResizeTo(
        DriverContext context, int handle, LunAccess access, ulong blocks, out ulong lastLba)
    {
        LocalLun lun = access.Lun;
        ulong wanted = lun.Parent.ChunksFor(blocks);
        uint current = context.Table[handle].LxtCnt;
        Errno errno;
        if (wanted > current)
        {
            errno = Grow(context, handle, lun, wanted);
        }
        else
        {
            FreeChunks(context, handle, access, (uint)wanted);
            errno = !context.IsInError && Sync() != Errno.None ? Errno.TryAgain : Errno.None;
        }

        lastLba = lun.Parent.LastLbaOf(context.Table[handle].LxtCnt);
        return errno;
    }

    private Errno Grow(DriverContext context, int handle, LocalLun lun, ulong wanted)
    {
        ChunkAllocator chunks = lun.Parent.Chunks!;
        if (chunks.FreeCount == 0)
        {
            return Errno.NoSpace;
        }

        ref SislRhtEntry entry = ref context.Table[handle];
        int current = (int)entry.LxtCnt;
        int granted = (int)Math.Min(wanted, (ulong)(current + (long)chunks.FreeCount));
        LxtArray translations = FitTranslations(context, handle, current, granted);
        for (int i = current; i < granted; i++)
        {
            int chunk = chunks.Allocate();
            Debug.Assert(chunk >= 0, "as many were free");
            translations.Entries[i] = SislLxtEntry.Pack(
                (ulong)chunk, (byte)lun.LunIndex, SislRht.PermReadWrite, (byte)lun.TablePorts)
                .Value;
        }

        Publish(context, handle, translations, granted);

        // The chunks stay granted even if the AFU does not confirm: the client asks again.
        return Sync() == Errno.None ? Errno.None : Errno.TryAgain;
    }

    // Shrinks to a number of chunks; more than there are changes nothing. Lanes are closed.
    private static void FreeChunks(
        DriverContext context, int handle, LunAccess access, uint keep)
    {
        ChunkAllocator chunks = access.Lun.Parent.Chunks!;
        int current = (int)context.Table[handle].LxtCnt;
        LxtArray? old = context.Translations(handle);
        if (old is null || keep >= current)
        {
            return;
        }

        // The table goes first and the chunks after it, from the last to the first.
        ulong[] freed = old.Entries[(int)keep..current].ToArray();
        LxtArray? kept = keep == 0 ? null : FitTranslations(context, handle, (int)keep, (int)keep);
        Publish(context, handle, kept, (int)keep);
        for (int i = freed.Length - 1; i >= 0; i--)
        {
            int chunk = (int)new SislLxtEntry(freed[i]).AllocationUnit;
            if (context.NeedsScrub(handle))
            {
                Scrub(chunks, access.Device, chunk);
            }

            bool isFreed = chunks.TryFree(chunk);
            Debug.Assert(isFreed, "a chunk of this LUN");
        }
    }

    // The present table if it has the right number of groups, else a copy in one that has.
    private static LxtArray FitTranslations(
        DriverContext context, int handle, int current, int wanted)
    {
        LxtArray? old = context.Translations(handle);
        int groups = (int)LxtArray.GroupsFor(wanted);
        if (old is not null && old.Entries.Length == groups * CxlflashLimits.LxtGroupSize)
        {
            return old;
        }

        LxtArray fitting = new(groups);
        old?.Entries[..Math.Min(current, wanted)].CopyTo(fitting.Entries);
        return fitting;
    }

    private static void Publish(
        DriverContext context, int handle, LxtArray? translations, int count)
    {
        ref SislRhtEntry entry = ref context.Table[handle];
        entry.LxtStart = translations?.Address ?? 0;
        entry.LxtCnt = (uint)count;
        context.ReplaceTranslations(handle, translations);
    }

    // A chunk that was shared may still be somebody else's: scrubbing is for the last owner. The
    // outcome is ignored, as in the original.
    private static void Scrub(ChunkAllocator chunks, ScsiDevice device, int chunk)
    {
        if (!chunks.IsShared(chunk))
        {
            long blocks = CxlflashLimits.ChunkSize / device.Target.LbasPerBlock;
            _ = device.Target.Medium.Discard(chunk * blocks, blocks);
        }
    }

    // The AFU reads the tables themselves and the lanes are closed while they change, so that a
    // sync, light or heavy, has nothing left to do but to succeed or, for a test, to fail.
    private Errno Sync() =>
        _syncFaults.TryDequeue(out Errno errno) && !HasFailed ? errno : Errno.None;
}
