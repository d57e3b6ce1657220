using FlashKV.Superpipe.Abi;

namespace FlashKV.Superpipe.Commands;

/// <summary>
/// The table of completion errors: what follows from each combination of AFU, SCSI and Fibre
/// Channel codes. Pure; see docs/superpipe.md, "Errors".
/// </summary>
/// <remarks>
/// The codes are looked at in the order SCSI, Fibre Channel, AFU, and the last one that is not zero
/// decides.
/// </remarks>
internal static class CompletionPolicy
{
    /// <summary>The retries of one command, of whatever kind together.</summary>
    internal const int MaxRetries = 3;

    internal static CompletionVerdict Decide(in SislIoasa ioasa)
    {
        if (ioasa.AfuRc != SislAfuRc.None)
            return DecideAfu(ioasa.AfuRc, (SislAfuDmaExtra)ioasa.AfuExtra);
        if (ioasa.FcRc != SislFcRc.None)
            return DecideFc(ioasa.FcRc, ioasa.Flags);
        if (ioasa.ScsiRc != SislScsiRc.Good)
            return DecideScsi(ioasa);
        return DecideResidual(ioasa);
    }

    private static CompletionVerdict DecideAfu(SislAfuRc code, SislAfuDmaExtra extra)
    {
        switch (code)
        {
            case SislAfuRc.RhtInvalid or SislAfuRc.RhtUnaligned or SislAfuRc.RhtOutOfBounds
                or SislAfuRc.LxtUnaligned or SislAfuRc.LxtOutOfBounds:
                return CompletionVerdict.Fail(Errno.InputOutput);
            case SislAfuRc.RhtDmaErr or SislAfuRc.LxtDmaErr or SislAfuRc.DataDmaErr:
                return extra == SislAfuDmaExtra.PageIn
                    ? CompletionVerdict.Retry(Errno.InputOutput, RetryReason.PageIn)
                    : CompletionVerdict.Fail(Errno.InputOutput);
            case SislAfuRc.NoChannels:
                return CompletionVerdict.RetryLater(Errno.NetworkDown, RetryReason.NoChannels);
            case SislAfuRc.TimedOutPreFc or SislAfuRc.TimedOut:
                return CompletionVerdict.Retry(Errno.TimedOut, RetryReason.Timeout);
            case SislAfuRc.OutOfDataBufs:
                return CompletionVerdict.Retry(Errno.InputOutput, RetryReason.OutOfDataBuffers);
            case SislAfuRc.CapViolation:
                return CompletionVerdict.Retry(
                    Errno.InputOutput, RetryReason.CapabilityViolation);
            default:
                return CompletionVerdict.Retry(Errno.InputOutput, RetryReason.OtherAfuError);
        }
    }

    private static CompletionVerdict DecideFc(SislFcRc code, SislIoasaFlags flags)
    {
        switch (code)
        {
            case SislFcRc.NoLogi or SislFcRc.LinkDown:
                return CompletionVerdict.Retry(Errno.NetworkDown, RetryReason.LinkDown);
            case SislFcRc.AbortPend:
                return CompletionVerdict.Retry(Errno.TimedOut, RetryReason.Timeout);
            case SislFcRc.Resid when !flags.HasFlag(SislIoasaFlags.Overrun):
            case SislFcRc.ResidErr or SislFcRc.TgtAbort or SislFcRc.AbortOk
                or SislFcRc.AbortFail:
                return CompletionVerdict.Retry(Errno.InputOutput, RetryReason.Residual);
            default:
                return CompletionVerdict.Fail(Errno.InputOutput);
        }
    }

    private static CompletionVerdict DecideScsi(in SislIoasa ioasa)
    {
        switch (ioasa.ScsiRc)
        {
            case SislScsiRc.Check when ioasa.Flags.HasFlag(SislIoasaFlags.SenseValid):
                return DecideSense(ioasa);
            case SislScsiRc.Check:
                return CompletionVerdict.Retry(Errno.InputOutput, RetryReason.CheckCondition);
            case SislScsiRc.Busy or SislScsiRc.QueueFull:
                return CompletionVerdict.RetryLater(Errno.Busy, RetryReason.Busy);
            case SislScsiRc.ReservationConflict:
                return CompletionVerdict.Fail(Errno.Busy);
            default:
                return CompletionVerdict.Fail(Errno.InputOutput);
        }
    }

    private static CompletionVerdict DecideSense(in SislIoasa ioasa)
    {
        if (!ScsiSense.TryParse(ioasa.SenseData, out ScsiSense sense))
            return CompletionVerdict.Retry(Errno.InputOutput, RetryReason.CheckCondition);

        switch (sense.Key)
        {
            case ScsiSenseKey.NoSense or ScsiSenseKey.RecoveredError:
                return DecideResidual(ioasa);
            case ScsiSenseKey.NotReady:
                return CompletionVerdict.Retry(Errno.InputOutput, RetryReason.CheckCondition);
            case ScsiSenseKey.UnitAttention when CallsForVerify(sense):
                return CompletionVerdict.Verify;
            case ScsiSenseKey.DataProtect when sense == ScsiSense.OutOfSpace:
                return CompletionVerdict.Fail(Errno.NoSpace);
            default:
                return CompletionVerdict.Fail(Errno.InputOutput);
        }
    }

    private static bool CallsForVerify(ScsiSense sense) => sense.Asc switch
    {
        ScsiSense.AscReset or ScsiSense.AscParametersChanged => true,
        ScsiSense.AscTargetChanged => sense.Ascq == ScsiSense.AscqReportedLunsChanged,
        _ => false,
    };

    // A transfer is whole or it has failed: there is no use for a count of blocks that made it.
    private static CompletionVerdict DecideResidual(in SislIoasa ioasa)
    {
        bool overrun = ioasa.Flags.HasFlag(SislIoasaFlags.Overrun);
        bool underrun = ioasa.Flags.HasFlag(SislIoasaFlags.Underrun) && ioasa.Resid != 0;
        return overrun || underrun
            ? CompletionVerdict.Retry(Errno.InputOutput, RetryReason.Residual)
            : CompletionVerdict.Done;
    }
}
