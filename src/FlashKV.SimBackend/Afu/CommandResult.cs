using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>How a command ended; becomes its IOASA.</summary>
internal struct CommandResult
{
    internal SislIoasaFlags Flags;
    internal SislAfuRc AfuRc;
    internal SislScsiRc ScsiRc;
    internal SislFcRc FcRc;
    internal byte AfuExtra;
    internal byte Port;
    internal uint Resid;
    internal ScsiSense Sense;

    /// <summary>The LUN that a provisioning command has made.</summary>
    internal ProvisionedLun? Provisioned;

    /// <summary>Whether the command did what it was asked to.</summary>
    internal readonly bool IsGood =>
        Flags == SislIoasaFlags.None && AfuRc == SislAfuRc.None
        && ScsiRc == SislScsiRc.Good && FcRc == SislFcRc.None;

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

    /// <summary>The IOASA that says so.</summary>
    /// <param name="isSwapped">
    /// Whether its numbers are in the byte order that this machine does not have.
    /// </param>
    internal readonly SislIoasa ToIoasa(bool isSwapped)
    {
        if (Provisioned is not null)
        {
            return ToProvisionIoasa(Provisioned, isSwapped);
        }

        SislIoasa ioasa = default;
        ioasa.Flags = Flags;
        ioasa.AfuRc = AfuRc;
        ioasa.ScsiRc = ScsiRc;
        ioasa.FcRc = FcRc;
        ioasa.Resid = Resid;
        ioasa.Port = Port;
        ioasa.AfuExtra = AfuExtra;
        if ((Flags & SislIoasaFlags.SenseValid) != 0)
        {
            Sense.WriteFixed(ioasa.SenseData);
        }

        if (isSwapped)
        {
            ByteOrder.Swap(ref ioasa);
        }

        return ioasa;
    }

    private static SislIoasa ToProvisionIoasa(ProvisionedLun lun, bool isSwapped)
    {
        SislIoasaProvision ioasa = default;
        ioasa.LunIdHi = (uint)(lun.LunId >> 32);
        ioasa.LunIdLo = (uint)lun.LunId;
        ioasa.Wwid = lun.Wwid;
        if (isSwapped)
        {
            ByteOrder.Swap(ref ioasa);
        }

        return AbiBytes.As<SislIoasaProvision, SislIoasa>(ref ioasa);
    }
}
