using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>How a command ended; becomes its IOASA.</summary>
/// <remarks>
/// Two words, so that it travels in registers: the first half of the first are the result codes in
/// the order of the IOASA, all zero for success.
/// </remarks>
internal struct CommandResult
{
    private const int AfuShift = 8;
    private const int ScsiShift = 16;
    private const int FcShift = 24;
    private const int PortShift = 32;
    private const int ExtraShift = 40;
    private const int KeyShift = 32;
    private const int AscShift = 40;
    private const int AscqShift = 48;
    private const ulong ProvisionedBit = 1UL << 63;

    private ulong _codes;

    // The residue and the sense, or the id of a LUN that was made.
    private ulong _details;

    internal SislIoasaFlags Flags
    {
        readonly get => (SislIoasaFlags)_codes;
        set => SetCode(0, (byte)value);
    }

    internal SislAfuRc AfuRc
    {
        readonly get => (SislAfuRc)(_codes >> AfuShift);
        set => SetCode(AfuShift, (byte)value);
    }

    internal SislScsiRc ScsiRc
    {
        readonly get => (SislScsiRc)(_codes >> ScsiShift);
        set => SetCode(ScsiShift, (byte)value);
    }

    internal SislFcRc FcRc
    {
        readonly get => (SislFcRc)(_codes >> FcShift);
        set => SetCode(FcShift, (byte)value);
    }

    internal byte Port
    {
        readonly get => (byte)(_codes >> PortShift);
        set => SetCode(PortShift, value);
    }

    internal byte AfuExtra
    {
        readonly get => (byte)(_codes >> ExtraShift);
        set => SetCode(ExtraShift, value);
    }

    internal uint Resid
    {
        readonly get => (uint)_details;
        set => _details = (_details & ~(ulong)uint.MaxValue) | value;
    }

    internal ScsiSense Sense
    {
        readonly get => new(
            (ScsiSenseKey)(_details >> KeyShift),
            (byte)(_details >> AscShift),
            (byte)(_details >> AscqShift));
        set => _details = (uint)_details | ((ulong)value.Key << KeyShift)
            | ((ulong)value.Asc << AscShift) | ((ulong)value.Ascq << AscqShift);
    }

    /// <summary>The LUN that a provisioning command has made.</summary>
    internal readonly ProvisionedLun? Provisioned =>
        (_codes & ProvisionedBit) != 0 ? new ProvisionedLun(_details) : null;

    /// <summary>Whether the command did what it was asked to.</summary>
    internal readonly bool IsGood => (uint)_codes == 0;

    /// <summary>Ends well, with a LUN that was made.</summary>
    internal static CommandResult OfProvisioned(ulong lunId) =>
        new() { _codes = ProvisionedBit, _details = lunId };

    /// <summary>Ends with an AFU result code.</summary>
    internal static CommandResult Afu(SislAfuRc code, byte extra = 0) =>
        new() { AfuRc = code, AfuExtra = extra };

    /// <summary>Ends with CHECK CONDITION.</summary>
    internal static CommandResult Check(ScsiSense sense) => new()
    {
        Flags = SislIoasaFlags.SenseValid,
        ScsiRc = SislScsiRc.Check,
        Sense = sense,
    };

    /// <summary>Ends with CHECK CONDITION, illegal request.</summary>
    internal static CommandResult IllegalRequest(byte asc) =>
        Check(new ScsiSense(ScsiSenseKey.IllegalRequest, asc, 0));

    /// <summary>Ends as an injected fault says.</summary>
    internal static CommandResult Of(CommandEnding ending) => new()
    {
        Flags = (SislIoasaFlags)ending.Flags,
        AfuRc = (SislAfuRc)ending.AfuCode,
        AfuExtra = ending.AfuExtra,
        ScsiRc = (SislScsiRc)ending.ScsiStatus,
        FcRc = (SislFcRc)ending.FibreChannelCode,
        Resid = (uint)ending.ResidualBytes,
        Sense = new ScsiSense(
            (ScsiSenseKey)ending.SenseKey, ending.AdditionalSenseCode, ending.SenseQualifier),
    };

    /// <summary>What a medium's status means to the client.</summary>
    internal static CommandResult Of(MediumStatus status, bool isRead)
    {
        const byte AscUnrecoveredRead = 0x11;
        const byte AscWriteError = 0x0C;
        return status switch
        {
            MediumStatus.Good => default,
            MediumStatus.OutOfSpace => Check(ScsiSense.OutOfSpace),
            _ => Check(new ScsiSense(
                ScsiSenseKey.MediumError, isRead ? AscUnrecoveredRead : AscWriteError, 0)),
        };
    }

    /// <summary>Writes the AFU's half of an IOASA; the other one is the host's.</summary>
    /// <param name="ioasa">The IOASA.</param>
    /// <param name="isSwapped">
    /// Whether its numbers are in the byte order that this machine does not have.
    /// </param>
    internal readonly void WriteTo(ref SislIoasa ioasa, bool isSwapped)
    {
        ioasa.Flags = Flags;
        ioasa.AfuRc = AfuRc;
        ioasa.ScsiRc = ScsiRc;
        ioasa.FcRc = FcRc;
        ioasa.Resid = Resid;
        ioasa.Port = Port;
        ioasa.AfuExtra = AfuExtra;
        ioasa.ScsiExtra = 0;
        ioasa.FcExtra = 0;
        ioasa.SenseData = default;
        if ((Flags & SislIoasaFlags.SenseValid) != 0)
        {
            Sense.WriteFixed(ioasa.SenseData);
        }

        if (Provisioned is { } lun)
        {
            WriteProvisioned(
                ref AbiBytes.As<SislIoasa, SislIoasaProvision>(ref ioasa), lun, isSwapped);
        }
        else if (isSwapped)
        {
            ByteOrder.Swap(ref ioasa);
        }
    }

    private static void WriteProvisioned(
        ref SislIoasaProvision ioasa, ProvisionedLun lun, bool isSwapped)
    {
        ioasa.LunIdHi = (uint)(lun.LunId >> 32);
        ioasa.LunIdLo = (uint)lun.LunId;
        ioasa.Wwid = lun.Wwid;
        if (isSwapped)
        {
            ByteOrder.Swap(ref ioasa);
        }
    }

    private void SetCode(int shift, byte value) =>
        _codes = (_codes & ~((ulong)byte.MaxValue << shift)) | ((ulong)value << shift);
}
