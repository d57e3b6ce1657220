using FlashKV.Superpipe;

namespace FlashKV.SimBackend;

/// <summary>
/// An ending after which a command is worth another try, with what the client makes of it (SP §5.4
/// and §5.5). The other endings are final.
/// </summary>
/// <param name="Name">How it is called in reports.</param>
/// <param name="Ending">The answer of the adapter.</param>
/// <param name="Reason">
/// Why the client sends the command again; <see langword="null"/> where it takes it for done.
/// </param>
internal sealed record PassingEnding(string Name, CommandEnding Ending, RetryReason? Reason)
{
    private const byte Overrun = 0x20;
    private const byte Underrun = 0x10;
    private const byte PageIn = 0x0A;

    /// <summary>Every way.</summary>
    internal static IReadOnlyList<PassingEnding> All { get; } =
    [
        Afu(0x04, RetryReason.PageIn, PageIn),
        Afu(0x14, RetryReason.PageIn, PageIn),
        Afu(0x31, RetryReason.PageIn, PageIn),
        Afu(0x05, RetryReason.OtherAfuError),
        Afu(0x15, RetryReason.OtherAfuError),
        Afu(0x1A, RetryReason.OtherAfuError),
        Afu(0x77, RetryReason.OtherAfuError),
        Afu(0x20, RetryReason.NoChannels),
        Afu(0x21, RetryReason.CapabilityViolation),
        Afu(0x30, RetryReason.OutOfDataBuffers),
        Afu(0x50, RetryReason.Timeout),
        Afu(0x51, RetryReason.Timeout),
        FibreChannel(0x52, RetryReason.Timeout),
        FibreChannel(0x54, RetryReason.LinkDown),
        FibreChannel(0x57, RetryReason.LinkDown),
        FibreChannel(0x58, RetryReason.Residual),
        FibreChannel(0x59, RetryReason.Residual),
        FibreChannel(0x5A, RetryReason.Residual),
        FibreChannel(0x5B, RetryReason.Residual),
        FibreChannel(0x5C, RetryReason.Residual),
        new("scsi 02", CommandEnding.Scsi(0x02), RetryReason.CheckCondition),
        new("scsi 08", CommandEnding.Scsi(0x08), RetryReason.Busy),
        new("scsi 28", CommandEnding.Scsi(0x28), RetryReason.Busy),
        Sense(0x2, 0x04, 0x01, RetryReason.CheckCondition),
        Sense(0x6, 0x29, 0x00, RetryReason.UnitAttention),
        Sense(0x6, 0x2A, 0x09, RetryReason.UnitAttention),
        Sense(0x6, 0x3F, 0x0E, RetryReason.UnitAttention),
        new("overrun", Residual(Overrun), RetryReason.Residual),
        new("underrun", Residual(Underrun), RetryReason.Residual),
        Done(0x0),
        Done(0x1),
    ];

    private static PassingEnding Afu(byte code, RetryReason reason, byte extra = 0) => new(
        extra == 0 ? $"afu {code:X2}" : $"afu {code:X2}/{extra:X2}",
        CommandEnding.Afu(code, extra),
        reason);

    private static PassingEnding FibreChannel(byte code, RetryReason reason) =>
        new($"fc {code:X2}", CommandEnding.FibreChannel(code), reason);

    private static PassingEnding Sense(byte key, byte asc, byte ascq, RetryReason reason) =>
        new($"sense {key:X}/{asc:X2}/{ascq:X2}", CommandEnding.Check(key, asc, ascq), reason);

    // Sense that only remarks on a command which has been executed.
    private static PassingEnding Done(byte key) => new(
        $"sense {key:X}", CommandEnding.Check(key, 0x17) with { IsExecuted = true }, Reason: null);

    private static CommandEnding Residual(byte flag) =>
        new() { Flags = flag, ResidualBytes = Lun.BlockSize };
}
