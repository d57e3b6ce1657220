using FlashKV.Superpipe.Abi;

namespace FlashKV.Superpipe.Tests.Abi;

public class ScsiSenseTests
{
    [Fact]
    public void Fixed_format_comes_back_as_written()
    {
        byte[] data = new byte[20];
        ScsiSense.OutOfSpace.WriteFixed(data);

        Assert.True(ScsiSense.TryParse(data, out ScsiSense sense));
        Assert.Equal(ScsiSense.OutOfSpace, sense);
        Assert.Equal("700007000000000A000000002707",
            Convert.ToHexString(data)[..28]);
    }

    [Fact]
    public void Descriptor_format_comes_back_as_written()
    {
        byte[] data = new byte[20];
        ScsiSense.ResetOccurred.WriteDescriptor(data);

        Assert.True(ScsiSense.TryParse(data, out ScsiSense sense));
        Assert.Equal(ScsiSense.ResetOccurred, sense);
        Assert.Equal("72062900", Convert.ToHexString(data)[..8]);
    }

    [Theory]
    [InlineData("70")]
    [InlineData("F0")]
    [InlineData("71")]
    public void Fixed_format_has_three_response_codes(string code)
    {
        byte[] data = Convert.FromHexString(code + "00060000000000" + "0A" + "000000002900");
        data[7] = 10;
        Assert.True(ScsiSense.TryParse(data, out ScsiSense sense));
        Assert.Equal(ScsiSenseKey.UnitAttention, sense.Key);
    }

    [Fact]
    public void Codes_beyond_the_stated_length_are_zero()
    {
        byte[] data = new byte[18];
        new ScsiSense(ScsiSenseKey.UnitAttention, 0x29, 0x01).WriteFixed(data);
        data[7] = 4;

        Assert.True(ScsiSense.TryParse(data, out ScsiSense sense));
        Assert.Equal(new ScsiSense(ScsiSenseKey.UnitAttention, 0, 0), sense);
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("7F0006")]
    [InlineData("6F0006")]
    [InlineData("7400060000000000")]
    public void Other_response_codes_are_refused(string data) =>
        Assert.False(ScsiSense.TryParse(Convert.FromHexString(data), out _));

    [Fact]
    public void Every_truncation_and_flipped_bit_is_parsed_without_harm()
    {
        byte[] data = new byte[18];
        ScsiSense.ResetOccurred.WriteFixed(data);
        for (int bit = 0; bit < data.Length * 8; bit++)
        {
            data[bit / 8] ^= (byte)(1 << (bit % 8));
            for (int length = 0; length <= data.Length; length++)
            {
                bool parsed = ScsiSense.TryParse(data.AsSpan(0, length), out ScsiSense sense);
                Assert.True(parsed || sense == default);
                Assert.InRange((int)sense.Key, 0, 15);
            }

            data[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }
}
