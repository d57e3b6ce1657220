using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// The registers of a context that only the driver reaches (SP §4.3): where its tables are and what
/// it may do.
/// </summary>
/// <remarks>
/// ctx_cap takes a value only after mbox_r has been read, and only one; a context that is closed in
/// between ignores it.
/// </remarks>
internal sealed class ControlMap
{
    private readonly ulong[] _interruptRegisters =
        new ulong[(SislCtrlMap.SizeInBytes - SislCtrlMap.LisnPasid) / sizeof(ulong)];

    private ulong _rhtStart;
    private ulong _rhtCountAndId;
    private ulong _capabilities;
    private int _isUnlocked;

    /// <summary>rht_start.</summary>
    internal ulong RhtStart => Volatile.Read(ref _rhtStart);

    /// <summary>The entry count of rht_cnt_id.</summary>
    internal int RhtCount => (int)(Volatile.Read(ref _rhtCountAndId) >> 48);

    /// <summary>The context in rht_cnt_id: the driver's, which translates for this one.</summary>
    internal int Owner => (ushort)(Volatile.Read(ref _rhtCountAndId) >> 32);

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
                Volatile.Write(ref _isUnlocked, 1);
                return 0;
            case >= SislCtrlMap.LisnPasid and < SislCtrlMap.SizeInBytes:
                return Volatile.Read(ref InterruptRegister(offset));
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
            case SislCtrlMap.CtxCap when Interlocked.Exchange(ref _isUnlocked, 0) != 0:
                Volatile.Write(ref _capabilities, value);
                break;
            case >= SislCtrlMap.LisnPasid and < SislCtrlMap.SizeInBytes:
                Volatile.Write(ref InterruptRegister(offset), value);
                break;
            default:
                break;
        }
    }

    /// <summary>Locks ctx_cap: the context is closed.</summary>
    internal void Lock() => Volatile.Write(ref _isUnlocked, 0);

    /// <summary>What the driver sets up for its own context.</summary>
    internal void SetUpMaster() =>
        Volatile.Write(ref _capabilities, (ulong)SislCtxCap.Master);

    // lisn_pasid and lisn_ea, which lie behind each other. They keep what is written; events of
    // this adapter come by the context's descriptor.
    private ref ulong InterruptRegister(int offset) =>
        ref _interruptRegisters[(offset - SislCtrlMap.LisnPasid) / sizeof(ulong)];
}
