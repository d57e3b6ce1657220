using System.Collections.Concurrent;
using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Sharing;

/// <summary>
/// A context whose driver is in another process and whose seat is on an AFU of this one: the seat,
/// and tables that say what the driver's say.
/// </summary>
/// <remarks>Not synchronised, but for the lanes of the seat.</remarks>
internal sealed class CloneContext : IDisposable
{
    // As the driver waits for a transfer that hangs.
    private const int LaneMilliseconds = 5000;

    private static readonly ConcurrentBag<CloneContext> s_hung = [];

    private readonly ResourceHandleTable _table = new(CxlflashLimits.MaxRhtPerContext);
    private readonly Dictionary<int, LxtArray> _translations = [];

    /// <summary>Takes a seat.</summary>
    /// <param name="afu">The AFU.</param>
    /// <param name="handle">The seat, which nobody has.</param>
    /// <param name="descriptor">The descriptor of the context.</param>
    internal CloneContext(AfuModel afu, ushort handle, int descriptor)
    {
        Descriptor = descriptor;
        Afu = afu.CreateContext(handle, new ContextEvents(handle), ClientMemory.Local);
        Mapping = new RegisterMapping(this, Afu);
        _ = Afu.Control.Read(SislCtrlMap.MboxR);
        Afu.Control.Write(SislCtrlMap.CtxCap, (ulong)SislCtxCap.User);
        Afu.Control.Write(SislCtrlMap.RhtStart, _table.Address);
        Afu.Control.Write(
            SislCtrlMap.RhtCntId, SislCtrlMap.PackRhtCntId(_table.Count, AfuModel.MasterHandle));
    }

    /// <summary>The descriptor of the context.</summary>
    internal int Descriptor { get; }

    /// <summary>The seat.</summary>
    internal AfuContext Afu { get; }

    /// <summary>The mapping of its registers.</summary>
    internal RegisterMapping Mapping { get; }

    /// <summary>Makes the tables say what the driver's say.</summary>
    /// <returns>ETIMEDOUT if a transfer that uses them does not end.</returns>
    internal Errno SetTables(List<ClonedHandle> handles)
    {
        if (!Afu.TryCloseLanes(LaneMilliseconds))
        {
            return Errno.TimedOut;
        }

        ClearTables();
        foreach (ClonedHandle handle in handles)
        {
            Set(handle);
        }

        Afu.OpenLanes();
        return Errno.None;
    }

    /// <summary>Gives the seat up. A transfer that hangs keeps the tables.</summary>
    public void Dispose()
    {
        Afu.Lose();
        if (Afu.TryCloseLanes(LaneMilliseconds))
        {
            ClearTables();
            _table.Dispose();
        }
        else
        {
            s_hung.Add(this);
        }
    }

    // The driver has taken what the context may not do out of the entry's permissions.
    private void Set(ClonedHandle cloned)
    {
        if ((uint)cloned.Handle >= (uint)_table.Count)
        {
            return;
        }

        ref SislRhtEntry entry = ref _table[cloned.Handle];
        if (cloned.Entries.Length > 0)
        {
            LxtArray translations = new((int)LxtArray.GroupsFor(cloned.Entries.Length));
            cloned.Entries.CopyTo(translations.Entries);
            _translations.Add(cloned.Handle, translations);
            entry.LxtStart = translations.Address;
        }

        entry.LxtCnt = (uint)cloned.Entries.Length;
        entry.Fp = cloned.Permissions;
        entry.Nmask = CxlflashLimits.ChunkShift;
    }

    private void ClearTables()
    {
        for (int handle = 0; handle < _table.Count; handle++)
        {
            _table[handle] = default;
        }

        foreach (LxtArray translations in _translations.Values)
        {
            translations.Dispose();
        }

        _translations.Clear();
    }
}
