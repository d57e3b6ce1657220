using FlashKV.Index;

namespace FlashKV.Tests.Index;

public class SizeClassTests
{
    [Fact]
    public void Every_class_begins_just_above_the_one_before()
    {
        int above = 0;
        for (int sizeClass = 0; sizeClass < SizeClass.Count; sizeClass++)
        {
            int bound = SizeClass.MaxLengthOf(sizeClass);
            Assert.True(bound > above);
            Assert.Equal(sizeClass, SizeClass.FromLength(above + 1));
            Assert.Equal(sizeClass, SizeClass.FromLength(bound));
            above = bound;
        }

        Assert.Equal(SizeClass.MaxLength, above);
    }

    [Fact]
    public void Every_length_to_one_mebibyte_fits_tightly()
    {
        for (int length = 1; length <= 1 << 20; length++)
        {
            int bound = SizeClass.MaxLengthOf(SizeClass.FromLength(length));
            int slack = bound - length;
            int allowed = length <= 1024 ? 127 : length <= 256 << 10 ? bound / 3 : bound / 2;
            Assert.True(slack >= 0 && slack <= allowed, $"length {length}, bound {bound}");
        }
    }
}
