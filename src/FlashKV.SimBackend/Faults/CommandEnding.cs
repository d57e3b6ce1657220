using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend;

/// <summary>
/// How an injected fault ends a command: any answer that an adapter can give, in the codes of its
/// response block (IOASA).
/// </summary>
public readonly record struct CommandEnding
{
    /// <summary>The AFU's result code (afu_rc); 0 is none.</summary>
    public byte AfuCode { get; init; }

    /// <summary>What it adds (afu_extra): of DMA errors 0x0A page-in, 0x0B bad address.</summary>
    public byte AfuExtra { get; init; }

    /// <summary>The SCSI status (scsi_rc): 2 check condition, 8 busy, 0x18, 0x28.</summary>
    public byte ScsiStatus { get; init; }

    /// <summary>The Fibre Channel code (fc_rc), 0x52 to 0x5E; 0 is none.</summary>
    public byte FibreChannelCode { get; init; }

    /// <summary>
    /// The flags: 0x80 sense data valid, 0x40 FCP response code valid, 0x20 overrun, 0x10 underrun.
    /// </summary>
    public byte Flags { get; init; }

    /// <summary>The bytes not transferred (resid).</summary>
    public int ResidualBytes { get; init; }

    /// <summary>The sense key, 0 to 15; given to the client if <see cref="Flags"/> say so.</summary>
    public byte SenseKey { get; init; }

    /// <summary>The additional sense code.</summary>
    public byte AdditionalSenseCode { get; init; }

    /// <summary>The qualifier of the additional sense code.</summary>
    public byte SenseQualifier { get; init; }

    /// <summary>Whether the command is executed all the same.</summary>
    public bool IsExecuted { get; init; }

    /// <summary>Ends with a code of the AFU.</summary>
    /// <param name="code">The result code.</param>
    /// <param name="extra">What it adds.</param>
    public static CommandEnding Afu(byte code, byte extra = 0) =>
        new() { AfuCode = code, AfuExtra = extra };

    /// <summary>Ends with a SCSI status without sense data.</summary>
    /// <param name="status">The status.</param>
    public static CommandEnding Scsi(byte status) => new() { ScsiStatus = status };

    /// <summary>Ends with a Fibre Channel code.</summary>
    /// <param name="code">The code.</param>
    public static CommandEnding FibreChannel(byte code) => new() { FibreChannelCode = code };

    /// <summary>Ends with CHECK CONDITION and sense data in fixed format.</summary>
    /// <param name="senseKey">The sense key, 0 to 15.</param>
    /// <param name="additionalSenseCode">The additional sense code.</param>
    /// <param name="qualifier">Its qualifier.</param>
    public static CommandEnding Check(
        byte senseKey, byte additionalSenseCode, byte qualifier = 0) =>
        new()
        {
            ScsiStatus = (byte)SislScsiRc.Check,
            Flags = (byte)SislIoasaFlags.SenseValid,
            SenseKey = senseKey,
            AdditionalSenseCode = additionalSenseCode,
            SenseQualifier = qualifier,
        };
}
