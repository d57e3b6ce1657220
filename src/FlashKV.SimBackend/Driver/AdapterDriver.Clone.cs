using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Driver;

/// <content>VLUN_CLONE (SP §3.9): a child takes over its parent's virtual LUNs.</content>
internal sealed partial class AdapterDriver
{
    private Errno VlunClone(DeviceCall call, ref DkCxlflashClone argument)
    {
        if (argument.ContextIdSrc == argument.ContextIdDst
            || call.Lun.Parent.Mode != LunMode.Virtual)
        {
            return Errno.InvalidArgument;
        }

        using HeldContext target = Hold(argument.ContextIdDst, call.Caller, call.Lun);
        if (target.Errno != Errno.None)
        {
            return target.Errno;
        }

        DriverContext? source = FindUnlocked(
            argument.ContextIdSrc, call.Caller, call.Lun, ContextLookup.Clone);
        if (source is null || target.Context.HandleCount != 0)
        {
            return Errno.InvalidArgument;
        }

        // Nothing of the source changes meanwhile, but that its chunks may be waited for.
        source.IsLocked = true;
        Errno errno = CloneAll(call, source, target.Context);
        Unlock(source);
        return errno;
    }

    private Errno CloneAll(DeviceCall call, DriverContext source, DriverContext target)
    {
        LunAccess[] missing = [.. source.Accesses.Where(access => !target.Has(access.Lun))];
        if (missing.Length > 0 && _faults.Strikes(DriverFault.AccessMemory))
        {
            return Errno.OutOfMemory;
        }

        for (int handle = 0; handle < target.Table.Count; handle++)
        {
            Errno errno = source.OwnerOf(handle) is { } lun && IsVirtual(source, handle)
                ? CloneHandle(call, source, target, handle, lun)
                : Errno.None;
            if (errno != Errno.None)
            {
                UndoClone(source, target);
                return errno;
            }
        }

        foreach (LunAccess access in missing)
        {
            if (Has(OriginalDefects.CloneReferences))
            {
                target.Accesses.Add(access);
            }
            else
            {
                target.Attach(access);
            }
        }

        return Errno.None;
    }

    private Errno CloneHandle(
        DeviceCall call, DriverContext source, DriverContext target, int handle, LocalLun lun)
    {
        ref SislRhtEntry from = ref source.Table[handle];
        ref SislRhtEntry to = ref target.Table[handle];
        target.Take(handle, lun);
        to.Nmask = from.Nmask;
        to.Fp = SislRht.CloneFp(from.Fp, target.Permissions);
        lun.Parent.TryUse(LunMode.Virtual);
        int count = (int)from.LxtCnt;
        if (count > 0)
        {
            if (_faults.Strikes(DriverFault.TranslationMemory))
            {
                return Errno.OutOfMemory;
            }

            LocalLun counted = Has(OriginalDefects.CloneAllocator) ? call.Lun : lun;
            Errno errno = CloneChunks(source, target, handle, count, counted.Parent.Chunks!);
            if (errno != Errno.None)
            {
                return errno;
            }
        }

        return Sync() == Errno.None ? Errno.None : Errno.TryAgain;
    }

    private Errno CloneChunks(
        DriverContext source, DriverContext target, int handle, int count, ChunkAllocator chunks)
    {
        AwaitChunks(chunks);
        Span<ulong> entries = source.Translations(handle)!.Entries[..count];
        LxtArray copy = new((int)LxtArray.GroupsFor(count));
        for (int i = 0; i < count; i++)
        {
            if (!chunks.TryClone((int)new SislLxtEntry(entries[i]).AllocationUnit))
            {
                Publish(target, handle, copy, i);
                return Errno.InputOutput;
            }

            copy.Entries[i] = entries[i];
        }

        Publish(target, handle, copy, count);
        return Errno.None;
    }

    private void UndoClone(DriverContext source, DriverContext target)
    {
        for (int handle = 0; handle < target.Table.Count; handle++)
        {
            if (target.OwnerOf(handle) is { } lun)
            {
                FreeChunks(target, handle, source.AccessOf(lun));
                target.CheckIn(handle);
                lun.Parent.EndUse();
            }
        }
    }

    // The original would take an entry of format 1 for a table and read wherever it points.
    private static bool IsVirtual(DriverContext context, int handle) =>
        SislRht.Format(context.Table[handle].Fp) == 0;
}
