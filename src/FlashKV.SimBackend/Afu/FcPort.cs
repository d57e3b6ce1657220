using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// A Fibre Channel port: its link, its registers (SP §4.4) and its LUN table. Registers without a
/// meaning of their own keep what is written to them.
/// </summary>
internal sealed class FcPort
{
    private const int RegisterCount = AfuAddressMap.PortStride / sizeof(ulong);

    private readonly ulong[] _registers = new ulong[RegisterCount];
    private readonly ulong[] _lunTable = new ulong[CxlflashLimits.LunTableSlots];
    private int _isLinkUp = 1;
    private int _isOffline;
    private long _lossOrder;
    private int _lossCode;

    /// <param name="index">The port, counted from 0.</param>
    internal FcPort(int index)
    {
        // NAA 5 with a number of our own: made up, but well formed and different for each port.
        const ulong FirstName = 0x500507680F1A5000;
        this[SislFcPortRegisters.Pname] = FirstName + (ulong)index;
        this[SislFcPortRegisters.CrcThresh] = SislFcPortRegisters.DefaultCrcThreshold;
    }

    /// <summary>The LUN table: 512 LUN ids.</summary>
    internal ulong[] LunTable => _lunTable;

    /// <summary>Whether commands can go through it.</summary>
    internal bool IsOnline => IsLinkUp && Volatile.Read(ref _isOffline) == 0;

    /// <summary>Whether the link is up.</summary>
    internal bool IsLinkUp => Volatile.Read(ref _isLinkUp) != 0;

    /// <summary>
    /// When it was lost last, in the order of all losses of the adapter; 0 is never.
    /// </summary>
    internal long LossOrder => Volatile.Read(ref _lossOrder);

    /// <summary>What commands in flight get that it was lost under.</summary>
    internal SislFcRc LossCode => (SislFcRc)Volatile.Read(ref _lossCode);

    /// <summary>A register, as storage.</summary>
    internal ref ulong this[int offset] => ref _registers[offset / sizeof(ulong)];

    /// <summary>Notes errors, as the hardware does: they stay until they are cleared.</summary>
    internal void NoteErrors(ulong bits)
    {
        Interlocked.Or(ref this[SislFcPortRegisters.Error], bits);
        Interlocked.Or(ref this[SislFcPortRegisters.ErrCap], bits);
    }

    /// <summary>Takes the link up or down.</summary>
    internal void SetLink(bool isUp) => Volatile.Write(ref _isLinkUp, isUp ? 1 : 0);

    /// <summary>Marks the commands in flight as lost.</summary>
    /// <param name="order">The place in the order of losses.</param>
    /// <param name="code">What they get.</param>
    internal void Lose(long order, SislFcRc code)
    {
        Volatile.Write(ref _lossCode, (int)code);
        Volatile.Write(ref _lossOrder, order);
    }

    /// <summary>Reads a register.</summary>
    /// <param name="offset">The byte offset, a multiple of 8, in the port's registers.</param>
    internal ulong Read(int offset) => offset switch
    {
        SislFcPortRegisters.MtipStatus =>
            IsOnline ? SislFcPortRegisters.StatusOnline : SislFcPortRegisters.StatusOffline,
        _ => Volatile.Read(ref this[offset]),
    };

    /// <summary>Writes a register.</summary>
    /// <param name="offset">The byte offset, a multiple of 8, in the port's registers.</param>
    /// <param name="value">The value.</param>
    internal void Write(int offset, ulong value)
    {
        switch (offset)
        {
            case SislFcPortRegisters.MtipCmdConfig:
                Volatile.Write(ref this[offset], value);
                SetOffline(value);
                break;
            case SislFcPortRegisters.Config2:
                Volatile.Write(ref this[offset], value);
                ShutDown(value);
                break;
            case SislFcPortRegisters.Error:
                // The driver writes back what it has read, to clear it.
                Interlocked.And(ref this[offset], ~value);
                break;
            case SislFcPortRegisters.MtipStatus or SislFcPortRegisters.Status
                or SislFcPortRegisters.Pname or SislFcPortRegisters.MaxNumLuns
                or SislFcPortRegisters.CurNumLuns or SislFcPortRegisters.MaxCapPort
                or SislFcPortRegisters.CurCapPort:
                break;
            default:
                Volatile.Write(ref this[offset], value);
                break;
        }
    }

    private void SetOffline(ulong config)
    {
        if ((config & SislFcPortRegisters.CmdConfigOffline) != 0)
        {
            Volatile.Write(ref _isOffline, 1);
        }
        else if ((config & SislFcPortRegisters.CmdConfigOnline) != 0)
        {
            Volatile.Write(ref _isOffline, 0);
        }
    }

    // Nothing is kept back that a shutdown would have to write: it is complete at once.
    private void ShutDown(ulong config)
    {
        const ulong Requests =
            SislFcPortRegisters.ShutdownNormal | SislFcPortRegisters.ShutdownAbrupt;
        this[SislFcPortRegisters.Status] =
            (config & Requests) != 0 ? SislFcPortRegisters.ShutdownComplete : 0;
    }
}
