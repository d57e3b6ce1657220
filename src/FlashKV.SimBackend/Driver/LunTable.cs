using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Driver;

/// <summary>
/// Gives LUNs their slots in the AFU's LUN tables (SP §3.4): LUNs with several ports from the
/// bottom, in all their ports' tables at the same index; those with one port from the top of its
/// table. Slots are never given back.
/// </summary>
internal sealed class LunTable
{
    private readonly AfuModel _afu;
    private readonly int[] _last;
    private int _promote;

    internal LunTable(AfuModel afu)
    {
        _afu = afu;
        _last = new int[afu.PortCount];
        _last.AsSpan().Fill(CxlflashLimits.LastLunTableSlot);
    }

    /// <summary>Puts a LUN into the tables unless it is there.</summary>
    /// <returns>
    /// EIO when the LUN has no path or one that the adapter lacks; ENOSPC when a table is full.
    /// </returns>
    internal Errno Promote(LocalLun lun)
    {
        if (lun.IsInTable)
        {
            return Errno.None;
        }

        if (lun.PortSelect == 0 || (lun.PortSelect & ~_afu.AllPorts) != 0)
        {
            return Errno.InputOutput;
        }

        return lun.PortCount > 1 ? PromoteShared(lun) : PromoteSingle(lun);
    }

    /// <summary>Writes the tables anew after a reset; each LUN keeps its slot.</summary>
    internal void Rewrite(IEnumerable<LocalLun> luns)
    {
        foreach (LocalLun lun in luns)
        {
            Write(lun, lun.TablePorts, lun.LunIndex);
        }
    }

    private Errno PromoteShared(LocalLun lun)
    {
        for (int port = 0; port < _afu.PortCount; port++)
        {
            if ((lun.PortSelect & (1 << port)) != 0 && _promote == _last[port])
            {
                return Errno.NoSpace;
            }
        }

        Put(lun, _promote++);
        return Errno.None;
    }

    private Errno PromoteSingle(LocalLun lun)
    {
        int port = int.TrailingZeroCount(lun.PortSelect);
        if (_promote == _last[port])
        {
            return Errno.NoSpace;
        }

        Put(lun, _last[port]--);
        return Errno.None;
    }

    private void Put(LocalLun lun, int index)
    {
        Write(lun, lun.PortSelect, index);
        lun.PutInTable(index);
    }

    private void Write(LocalLun lun, int ports, int index)
    {
        for (int port = 0; port < _afu.PortCount; port++)
        {
            if ((ports & (1 << port)) != 0)
            {
                _afu.LunTable(port)[index] = lun.LunId(port);
            }
        }
    }
}
