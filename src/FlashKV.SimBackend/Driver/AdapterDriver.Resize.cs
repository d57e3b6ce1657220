using System.Diagnostics;
using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Driver;

/// <content>VLUN_RESIZE and the translation tables (SP §3.7, §3.8).</content>
internal sealed partial class AdapterDriver
{
    private Errno VlunResize(DeviceCall call, ref DkCxlflashResize argument)
    {
        if (call.Lun.Parent.Mode != LunMode.Virtual)
        {
            return Errno.InvalidArgument;
        }

        using HeldContext held = Hold(
            argument.ContextId, call.Caller, call.Lun, ContextLookup.ErrorFallback);
        if (held.Errno != Errno.None)
        {
            return held.Errno;
        }

        DriverContext context = held.Context;
        if (!context.Owns(argument.RsrcHandle, call.Lun))
        {
            return Errno.InvalidArgument;
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
        else if (wanted < current)
        {
            errno = Shrink(context, handle, access, (uint)wanted);
        }
        else
        {
            errno = Confirm(context);
        }

        lastLba = lun.Parent.LastLbaOf(context.Table[handle].LxtCnt);
        return errno;
    }

    private Errno Grow(DriverContext context, int handle, LocalLun lun, ulong wanted)
    {
        ChunkAllocator chunks = lun.Parent.Chunks!;
        AwaitChunks(chunks);
        if (chunks.FreeCount == 0)
        {
            return Errno.NoSpace;
        }

        ref SislRhtEntry entry = ref context.Table[handle];
        int current = (int)entry.LxtCnt;
        int granted = (int)Math.Min(wanted, (ulong)(current + (long)chunks.FreeCount));
        LxtArray? translations = FitTranslations(context, handle, current, granted);
        if (translations is null)
        {
            return Errno.OutOfMemory;
        }

        for (int i = current; i < granted; i++)
        {
            int chunk = chunks.Allocate();
            Debug.Assert(chunk >= 0, "as many were free");
            translations.Entries[i] = SislLxtEntry.Pack(
                (ulong)chunk, (byte)lun.LunIndex, SislRht.PermReadWrite, (byte)lun.PortSelect)
                .Value;
        }

        Publish(context, handle, translations, granted);

        // The chunks stay granted even if the AFU does not confirm: the client asks again.
        return Confirm(context);
    }

    // What growing and an equal size ask of the AFU.
    private Errno Confirm(DriverContext context)
    {
        bool isAsked = !context.IsInError || Has(OriginalDefects.SyncInError);
        return isAsked && Sync() != Errno.None ? Errno.TryAgain : Errno.None;
    }

    // Lanes are closed. The chunks are free even if the AFU does not confirm.
    private Errno Shrink(DriverContext context, int handle, LunAccess access, uint keep)
    {
        int current = (int)context.Table[handle].LxtCnt;
        LxtArray? kept = null;
        if (keep != 0 && (kept = FitTranslations(context, handle, (int)keep, (int)keep)) is null)
        {
            return Errno.OutOfMemory;
        }

        Errno errno = !context.IsInError && Sync() != Errno.None ? Errno.TryAgain : Errno.None;
        FreeChunks(context, handle, access, keep, kept, current);
        return errno;
    }

    // Frees all chunks. Lanes are closed.
    private void FreeChunks(DriverContext context, int handle, LunAccess access) =>
        FreeChunks(
            context, handle, access, 0, null, (int)context.Table[handle].LxtCnt);

    // The table goes first and the chunks after it, from the last to the first. A table that a
    // failed open has left behind may name chunks that are free by now.
    private void FreeChunks(
        DriverContext context, int handle, LunAccess access, uint keep, LxtArray? kept, int current)
    {
        ulong[] freed = context.Translations(handle) is { } old
            ? old.Entries[(int)keep..current].ToArray()
            : [];
        Publish(context, handle, kept, (int)keep);
        ChunkAllocator chunks = access.Lun.Parent.Chunks!;
        AwaitChunks(chunks);
        chunks.IsHeld = context.NeedsScrub(handle);
        for (int i = freed.Length - 1; i >= 0; i--)
        {
            int chunk = (int)new SislLxtEntry(freed[i]).AllocationUnit;
            if (chunks.IsHeld)
            {
                Scrub(context, chunks, access.Device, chunk);
            }

            chunks.TryFree(chunk);
        }

        chunks.IsHeld = false;
        Monitor.PulseAll(_lock);
    }

    // The present table if it has the right number of groups, else a copy in one that has.
    private LxtArray? FitTranslations(
        DriverContext context, int handle, int current, int wanted)
    {
        LxtArray? old = context.Translations(handle);
        int groups = (int)LxtArray.GroupsFor(wanted);
        if (old is not null && old.Entries.Length == groups * CxlflashLimits.LxtGroupSize)
        {
            return old;
        }

        if (_faults.Strikes(DriverFault.TranslationMemory))
        {
            return null;
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

    // SP §3.8. A chunk that was shared may still be somebody else's: scrubbing is for the last
    // owner. The outcome is ignored, as in the original.
    private void Scrub(
        DriverContext context, ChunkAllocator chunks, ScsiDevice device, int chunk)
    {
        if (!chunks.IsShared(chunk))
        {
            long lba = Has(OriginalDefects.ScrubAddress)
                ? chunk
                : (long)chunk << CxlflashLimits.ChunkShift;
            WriteZeros(context, device.Target, lba, CxlflashLimits.ChunkSize);
        }
    }
}
