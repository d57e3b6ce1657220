using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Afu;

public sealed class CommandResultTests
{
    [Fact]
    public void Every_field_keeps_its_value_beside_the_others()
    {
        CommandResult result = new()
        {
            Flags = (SislIoasaFlags)0x81,
            AfuRc = (SislAfuRc)0xA2,
            ScsiRc = (SislScsiRc)0xC3,
            FcRc = (SislFcRc)0xE4,
            Port = 0xF5,
            AfuExtra = 0x96,
            Sense = new ScsiSense((ScsiSenseKey)0x0F, 0xFE, 0xDC),
            Resid = 0x8765_4321,
        };
        result.Port = 3;
        result.FcRc = (SislFcRc)0x11;

        Assert.Equal((SislIoasaFlags)0x81, result.Flags);
        Assert.Equal((SislAfuRc)0xA2, result.AfuRc);
        Assert.Equal((SislScsiRc)0xC3, result.ScsiRc);
        Assert.Equal((SislFcRc)0x11, result.FcRc);
        Assert.Equal(3, result.Port);
        Assert.Equal(0x96, result.AfuExtra);
        Assert.Equal(new ScsiSense((ScsiSenseKey)0x0F, 0xFE, 0xDC), result.Sense);
        Assert.Equal(0x8765_4321u, result.Resid);
        Assert.False(result.IsGood);
        Assert.Null(result.Provisioned);
    }

    [Fact]
    public void Only_the_four_codes_make_a_result_bad()
    {
        Assert.True(new CommandResult { Port = 1, AfuExtra = 2, Resid = 3 }.IsGood);
        Assert.True(CommandResult.OfProvisioned(5UL << 48).IsGood);
        Assert.False(new CommandResult { Flags = SislIoasaFlags.Underrun }.IsGood);
        Assert.False(new CommandResult { AfuRc = SislAfuRc.NoChannels }.IsGood);
        Assert.False(new CommandResult { ScsiRc = SislScsiRc.Busy }.IsGood);
        Assert.False(new CommandResult { FcRc = SislFcRc.LinkDown }.IsGood);
    }

    [Fact]
    public void An_ioasa_is_overwritten_whole_but_for_the_hosts_half()
    {
        SislIoasa ioasa = default;
        AbiBytes.Of(ref ioasa).Fill(0xEE);
        default(CommandResult).WriteTo(ref ioasa, isSwapped: false);

        Assert.Equal(new byte[32], AbiBytes.Of(ref ioasa)[..32].ToArray());
        Assert.Equal(-1, AbiBytes.Of(ref ioasa)[32..].IndexOfAnyExcept((byte)0xEE));
    }

    [Fact]
    public void A_provisioned_lun_is_named_in_the_ioasa()
    {
        const ulong LunId = 0x0123_0000_0000_0000;
        SislIoasa ioasa = default;
        CommandResult.OfProvisioned(LunId).WriteTo(ref ioasa, isSwapped: false);
        SislIoasaProvision answer = AbiBytes.As<SislIoasa, SislIoasaProvision>(ref ioasa);

        Assert.Equal(0u, ioasa.Ioasc);
        Assert.Equal(0x0123_0000u, answer.LunIdHi);
        Assert.Equal(0u, answer.LunIdLo);
        Assert.Equal(LunId, CommandResult.OfProvisioned(LunId).Provisioned!.LunId);
    }
}
