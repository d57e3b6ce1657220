using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Commands;

namespace FlashKV.Superpipe.Tests.Commands;

/// <summary>The table of completion errors, line by line.</summary>
public class CompletionPolicyTests
{
    [Theory]
    [InlineData(0x54, "Retry NetworkDown")]
    [InlineData(0x57, "Retry NetworkDown")]
    [InlineData(0x52, "Retry TimedOut")]
    [InlineData(0x5A, "Retry InputOutput")]
    [InlineData(0x5B, "Retry InputOutput")]
    [InlineData(0x5C, "Retry InputOutput")]
    [InlineData(0x58, "Retry InputOutput")]
    [InlineData(0x59, "Retry InputOutput")]
    [InlineData(0x53, "Fail InputOutput")]
    [InlineData(0x55, "Fail InputOutput")]
    [InlineData(0x56, "Fail InputOutput")]
    [InlineData(0x5E, "Fail InputOutput")]
    [InlineData(0x77, "Fail InputOutput")]
    public void Fibre_channel_codes(byte code, string expected) =>
        AssertVerdict(expected, new SislIoasa { FcRc = (SislFcRc)code });

    [Fact]
    public void A_residual_with_overrun_is_fatal() => AssertVerdict(
        "Fail InputOutput",
        new SislIoasa { FcRc = SislFcRc.Resid, Flags = SislIoasaFlags.Overrun });

    [Theory]
    [InlineData(0x01, 0, "Fail InputOutput")]
    [InlineData(0x03, 0, "Fail InputOutput")]
    [InlineData(0x13, 0, "Fail InputOutput")]
    [InlineData(0x02, 0, "Fail InputOutput")]
    [InlineData(0x12, 0, "Fail InputOutput")]
    [InlineData(0x04, 0x0A, "Retry InputOutput")]
    [InlineData(0x14, 0x0A, "Retry InputOutput")]
    [InlineData(0x31, 0x0A, "Retry InputOutput")]
    [InlineData(0x04, 0x0B, "Fail InputOutput")]
    [InlineData(0x14, 0x0B, "Fail InputOutput")]
    [InlineData(0x31, 0x0B, "Fail InputOutput")]
    [InlineData(0x20, 0, "RetryLater NetworkDown")]
    [InlineData(0x30, 0, "Retry InputOutput")]
    [InlineData(0x21, 0, "Retry InputOutput")]
    [InlineData(0x50, 0, "Retry TimedOut")]
    [InlineData(0x51, 0, "Retry TimedOut")]
    [InlineData(0x05, 0, "Retry InputOutput")]
    [InlineData(0x15, 0, "Retry InputOutput")]
    [InlineData(0x1A, 0, "Retry InputOutput")]
    [InlineData(0x99, 0, "Retry InputOutput")]
    public void Afu_codes(byte code, byte extra, string expected) => AssertVerdict(
        expected, new SislIoasa { AfuRc = (SislAfuRc)code, AfuExtra = extra });

    [Theory]
    [InlineData(0x02, "Retry InputOutput")]
    [InlineData(0x08, "RetryLater Busy")]
    [InlineData(0x28, "RetryLater Busy")]
    [InlineData(0x18, "Fail Busy")]
    [InlineData(0x30, "Fail InputOutput")]
    public void Scsi_codes_without_sense(byte code, string expected) =>
        AssertVerdict(expected, new SislIoasa { ScsiRc = (SislScsiRc)code });

    [Theory]
    [InlineData(0x0, 0x00, 0x00, "Done None")]
    [InlineData(0x1, 0x17, 0x00, "Done None")]
    [InlineData(0x2, 0x04, 0x01, "Retry InputOutput")]
    [InlineData(0x3, 0x11, 0x00, "Fail InputOutput")]
    [InlineData(0x4, 0x44, 0x00, "Fail InputOutput")]
    [InlineData(0x5, 0x21, 0x00, "Fail InputOutput")]
    [InlineData(0x6, 0x29, 0x00, "Verify InputOutput")]
    [InlineData(0x6, 0x29, 0x02, "Verify InputOutput")]
    [InlineData(0x6, 0x2A, 0x09, "Verify InputOutput")]
    [InlineData(0x6, 0x3F, 0x0E, "Verify InputOutput")]
    [InlineData(0x6, 0x3F, 0x03, "Fail InputOutput")]
    [InlineData(0x6, 0x28, 0x00, "Fail InputOutput")]
    [InlineData(0x7, 0x27, 0x07, "Fail NoSpace")]
    [InlineData(0x7, 0x27, 0x00, "Fail InputOutput")]
    [InlineData(0xB, 0x00, 0x00, "Fail InputOutput")]
    public void Sense_data(byte key, byte asc, byte ascq, string expected)
    {
        ScsiSense sense = new((ScsiSenseKey)key, asc, ascq);
        SislIoasa ioasa = new()
        {
            ScsiRc = SislScsiRc.Check,
            Flags = SislIoasaFlags.SenseValid,
        };
        sense.WriteFixed(ioasa.SenseData);
        AssertVerdict(expected, ioasa);

        ioasa.SenseData = default;
        sense.WriteDescriptor(ioasa.SenseData);
        AssertVerdict(expected, ioasa);
    }

    [Fact]
    public void Sense_data_that_is_none_is_a_retry() => AssertVerdict(
        "Retry InputOutput",
        new SislIoasa { ScsiRc = SislScsiRc.Check, Flags = SislIoasaFlags.SenseValid });

    [Fact]
    public void The_last_code_in_the_order_scsi_fc_afu_decides()
    {
        SislIoasa ioasa = new() { ScsiRc = SislScsiRc.Busy, FcRc = SislFcRc.NoExp };
        AssertVerdict("Fail InputOutput", ioasa);
        ioasa.AfuRc = SislAfuRc.NoChannels;
        AssertVerdict("RetryLater NetworkDown", ioasa);
    }

    [Theory]
    [InlineData(SislIoasaFlags.Underrun, 0u, "Done None")]
    [InlineData(SislIoasaFlags.Underrun, 512u, "Retry InputOutput")]
    [InlineData(SislIoasaFlags.Overrun, 0u, "Retry InputOutput")]
    [InlineData(SislIoasaFlags.FcpRspCodeValid, 0u, "Done None")]
    internal void Flags_alone(SislIoasaFlags flags, uint resid, string expected) =>
        AssertVerdict(expected, new SislIoasa { Flags = flags, Resid = resid });

    private static void AssertVerdict(string expected, in SislIoasa ioasa)
    {
        CompletionVerdict verdict = CompletionPolicy.Decide(ioasa);
        Assert.Equal(expected, $"{verdict.Action} {verdict.Errno}");
    }
}
