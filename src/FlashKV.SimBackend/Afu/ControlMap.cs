using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// The registers of a context that only the driver reaches (SP §4.3): where its tables are and what
/// it may do.
/// </summary>
internal sealed class ControlMap
{
    private ulong _rhtStart;
    private ulong _rhtCountAndId;
    private ulong _capabilities;
    private bool _isUnlocked;

    /// <summary>rht_start.</summary>
    internal ulong RhtStart => Volatile.Read(ref _rhtStart);

    /// <summary>The entry count of rht_cnt_id.</summary>
    internal int RhtCount => (int)(Volatile.Read(ref _rhtCountAndId) >> 48);

    /// <summary>ctx_cap.</summary>
    internal SislCtxCap Capabilities => (SislCtxCap)Volatile.Read(ref _capabilities);

    /// <summary>Reads a register; reading mbox_r unlocks ctx_cap.</summary>
    internal ulong Read(int offset)
    {
        switch (offset)
        {
            case SislCtrlMap.RhtStart:
                return RhtStart;
            case SislCtrlMap.RhtCntId:
                return Volatile.Read(ref _rhtCountAndId);
            case SislCtrlMap.CtxCap:
                return (ulong)Capabilities;
            case SislCtrlMap.MboxR:
                _isUnlocked = true;
                return 0;
            default:
                return 0;
        }
    }

    /// <summary>Writes a register; ctx_cap takes a value only once unlocked.</summary>
    internal void Write(int offset, ulong value)
    {
        switch (offset)
        {
            case SislCtrlMap.RhtStart:
                Volatile.Write(ref _rhtStart, value);
                break;
            case SislCtrlMap.RhtCntId:
                Volatile.Write(ref _rhtCountAndId, value);
                break;
            case SislCtrlMap.CtxCap when _isUnlocked:
                Volatile.Write(ref _capabilities, value);
                _isUnlocked = false;
                break;
            default:
                break;
        }
    }
}
