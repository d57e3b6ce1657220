using System.Text;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// The global registers (SP §4.4): asynchronous interrupts, configuration and version. They start
/// as a driver leaves them that has set the adapter up.
/// </summary>
internal sealed class GlobalRegisters
{
    private const int MajorVersion = 1;
    private const string Version = "FLASHKV1";

    private readonly ulong _version = BitConverter.ToUInt64(Encoding.ASCII.GetBytes(Version));
    private readonly ulong _interfaceVersion;
    private ulong _interruptStatus;
    private ulong _interruptMask = ~SislAsyncStatus.Unmask;
    private ulong _control = SislGlobalRegisters.PackAfuCtrl(AfuModel.MasterHandle);
    private ulong _heartbeat;
    private ulong _scratch;
    private ulong _portSelect;
    private ulong _config = (ulong)(SislAfuConfig.AutoRetryAll | SislAfuConfig.LittleEndian);

    internal GlobalRegisters(
        SubmissionMode mode, int allPorts, SislInterfaceCapabilities capabilities)
    {
        capabilities |= mode == SubmissionMode.SubmissionQueue
            ? SislInterfaceCapabilities.SqCmdMode
            : SislInterfaceCapabilities.IoarrinCmdMode;
        _interfaceVersion = (ulong)capabilities | (MajorVersion << 16);
        _portSelect = (ulong)allPorts;
    }

    /// <summary>
    /// Called, on the thread that raises it, when an asynchronous interrupt is raised that is not
    /// masked: what the driver's context gets as its interrupt
    /// <see cref="SislLisn.AsyncError"/>.
    /// </summary>
    internal Action? InterruptRaised { get; set; }

    /// <summary>The ports that commands may use (afu_port_sel).</summary>
    internal int SelectedPorts => (int)Volatile.Read(ref _portSelect);

    /// <summary>What the AFU is set up to do.</summary>
    internal SislAfuConfig Config => (SislAfuConfig)Volatile.Read(ref _config);

    /// <summary>Reads a register.</summary>
    /// <param name="offset">The byte offset from the first global register.</param>
    internal ulong Read(int offset) => offset switch
    {
        SislGlobalRegisters.AintrStatus => Volatile.Read(ref _interruptStatus),
        SislGlobalRegisters.AintrMask => Volatile.Read(ref _interruptMask),
        SislGlobalRegisters.AfuCtrl => Volatile.Read(ref _control),

        // It beats for whoever looks: an AFU that answers is alive.
        SislGlobalRegisters.AfuHb => Interlocked.Increment(ref _heartbeat),
        SislGlobalRegisters.Scratch => Volatile.Read(ref _scratch),
        SislGlobalRegisters.AfuPortSel => Volatile.Read(ref _portSelect),
        SislGlobalRegisters.AfuConfig => Volatile.Read(ref _config),
        SislGlobalRegisters.AfuVersion => _version,
        SislGlobalRegisters.InterfaceVersion => _interfaceVersion,
        _ => 0,
    };

    /// <summary>Writes a register.</summary>
    /// <param name="offset">The byte offset from the first global register.</param>
    /// <param name="value">The value.</param>
    internal void Write(int offset, ulong value)
    {
        switch (offset)
        {
            case SislGlobalRegisters.AintrClear:
                Interlocked.And(ref _interruptStatus, ~value);
                break;
            case SislGlobalRegisters.AintrMask:
                Volatile.Write(ref _interruptMask, value);
                RaiseUnmasked(Volatile.Read(ref _interruptStatus));
                break;
            case SislGlobalRegisters.AfuCtrl:
                Volatile.Write(ref _control, value);
                break;
            case SislGlobalRegisters.Scratch:
                Volatile.Write(ref _scratch, value);
                break;
            case SislGlobalRegisters.AfuPortSel:
                Volatile.Write(ref _portSelect, value);
                break;
            case SislGlobalRegisters.AfuConfig:
                Volatile.Write(ref _config, value);
                break;
            default:
                break;
        }
    }

    /// <summary>Raises interrupts of a port.</summary>
    internal void Raise(int port, SislAsyncInterrupts interrupts)
    {
        ulong bits = SislAsyncStatus.Pack(port, interrupts);
        Interlocked.Or(ref _interruptStatus, bits);
        RaiseUnmasked(bits);
    }

    private void RaiseUnmasked(ulong bits)
    {
        if ((bits & ~Volatile.Read(ref _interruptMask)) != 0)
        {
            InterruptRaised?.Invoke();
        }
    }
}
