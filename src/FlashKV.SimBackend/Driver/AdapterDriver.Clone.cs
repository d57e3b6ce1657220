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

        DriverContext? source = _contexts.Find(
            argument.ContextIdSrc, call.Caller, call.Lun, ContextLookup.Clone);
        DriverContext? target = _contexts.Find(
            argument.ContextIdDst, call.Caller, call.Lun);
        if (source is null || target is null || target.HandleCount != 0)
        {
            return Errno.InvalidArgument;
        }

        using LaneClosure closure = new(target.Afu);
        return closure.IsClosed ? CloneAll(source, target) : Errno.TimedOut;
    }

    private Errno CloneAll(DriverContext source, DriverContext target)
    {
        for (int handle = 0; handle < target.Table.Count; handle++)
        {
            Errno errno = source.OwnerOf(handle) is { } lun && IsVirtual(source, handle)
                ? CloneHandle(source, target, handle, lun)
                : Errno.None;
            if (errno != Errno.None)
            {
                UndoClone(source, target);
                return errno;
            }
        }

        foreach (LunAccess access in source.Accesses)
        {
            if (!target.Has(access.Lun))
            {
                target.Accesses.Add(access);
            }
        }

        return Errno.None;
    }

    private Errno CloneHandle(
        DriverContext source, DriverContext target, int handle, LocalLun lun)
    {
        ref SislRhtEntry from = ref source.Table[handle];
        ref SislRhtEntry to = ref target.Table[handle];
        target.Take(handle, lun);
        to.Nmask = from.Nmask;
        to.Fp = SislRht.CloneFp(from.Fp, target.Permissions);
        lun.Parent.TryUse(LunMode.Virtual);
        if (source.Translations(handle) is not { } translations)
        {
            return Errno.None;
        }

        int count = (int)from.LxtCnt;
        LxtArray copy = new((int)LxtArray.GroupsFor(count));
        for (int i = 0; i < count; i++)
        {
            ulong entry = translations.Entries[i];
            if (!lun.Parent.Chunks!.TryClone((int)new SislLxtEntry(entry).AllocationUnit))
            {
                Publish(target, handle, copy, i);
                return Errno.InputOutput;
            }

            copy.Entries[i] = entry;
        }

        Publish(target, handle, copy, count);
        return Sync() == Errno.None ? Errno.None : Errno.TryAgain;
    }

    private static void UndoClone(DriverContext source, DriverContext target)
    {
        for (int handle = 0; handle < target.Table.Count; handle++)
        {
            if (target.OwnerOf(handle) is { } lun)
            {
                FreeChunks(target, handle, source.AccessOf(lun), keep: 0);
                target.CheckIn(handle);
                lun.Parent.EndUse();
            }
        }
    }

    private static bool IsVirtual(DriverContext context, int handle) =>
        SislRht.Format(context.Table[handle].Fp) == 0;
}
