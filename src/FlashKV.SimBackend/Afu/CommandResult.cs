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
    internal readonly SislIoasa ToIoasa()
    {
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

        return ioasa;
    }
}
