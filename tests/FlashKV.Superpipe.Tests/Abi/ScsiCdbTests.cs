using FlashKV.Superpipe.Abi;

namespace FlashKV.Superpipe.Tests.Abi;

public class ScsiCdbTests
{
    private readonly byte[] _cdb = Enumerable.Repeat((byte)0xEE, 16).ToArray();

    [Fact]
    public void Read_16()
    {
        ScsiCdb.WriteRead16(_cdb, 0x1234, 1);
        AssertCdb("88000000000000001234000000010000");
        Assert.Equal(0x1234ul, ScsiCdb.Lba(_cdb));
        Assert.Equal(1u, ScsiCdb.Count(_cdb));
    }

    [Theory]
    [InlineData(false, "8A000000000100000002000000080000")]
    [InlineData(true, "8A080000000100000002000000080000")]
    public void Write_16_with_and_without_force_unit_access(bool forced, string expected)
    {
        ScsiCdb.WriteWrite16(_cdb, 0x1_0000_0002, 8, forced);
        AssertCdb(expected);
    }

    [Theory]
    [InlineData(false, "93000000000000010000000100000000")]
    [InlineData(true, "93080000000000010000000100000000")]
    public void Write_same_16_with_and_without_unmap(bool unmap, string expected)
    {
        ScsiCdb.WriteWriteSame16(_cdb, 0x10000, 0x10000, unmap);
        AssertCdb(expected);
    }

    [Fact]
    public void Read_capacity_16()
    {
        ScsiCdb.WriteReadCapacity16(_cdb, 4096);
        AssertCdb("9E100000000000000000000010000000");
    }

    [Fact]
    public void Inquiry_of_the_device_identification_page()
    {
        ScsiCdb.WriteInquiry(_cdb, 0x83, 0x200);
        AssertCdb("12018302000000000000000000000000");
    }

    [Fact]
    public void Capacity_data_comes_back_as_written()
    {
        byte[] data = new byte[ReadCapacity16Data.Length];
        ReadCapacity16Data written = new(0x1234_5678_9ABC, 4096);
        written.Write(data);

        Assert.True(ReadCapacity16Data.TryParse(data, out ReadCapacity16Data read));
        Assert.Equal(written, read);
        Assert.Equal(Convert.FromHexString("0000123456789ABC00001000"), data[..12]);
    }

    [Fact]
    public void Capacity_data_without_a_block_length_is_refused()
    {
        Assert.False(ReadCapacity16Data.TryParse(new byte[32], out _));
        Assert.False(ReadCapacity16Data.TryParse(new byte[11], out _));
    }

    private void AssertCdb(string expected) => Assert.Equal(expected, Convert.ToHexString(_cdb));
}
