using FlashKV.Index;

namespace FlashKV.Tests.Index;

public class IndexEntryTests
{
    [Theory]
    [InlineData(8, 0)]
    [InlineData(IndexEntry.MaxAddress, 31)]
    [InlineData(0x12_3456_7898, 17)]
    public void Address_size_class_and_tag_come_back(long address, int sizeClass)
    {
        IndexEntry entry = IndexEntry.Create(address, sizeClass);
        IndexEntry tagged = entry.WithTag(0x2F_1234UL << IndexEntry.TagShift);

        Assert.Equal(0u, entry.Tag);
        Assert.Equal(address, tagged.Address);
        Assert.Equal(sizeClass, tagged.SizeClass);
        Assert.Equal(0x2F_1234u, tagged.Tag);
        Assert.False(tagged.IsEmpty);
        Assert.Equal(entry, tagged.WithTag(0));
    }

    [Fact]
    public void The_largest_address_is_a_terabyte_less_one_unit() =>
        Assert.Equal((1L << 40) - 8, IndexEntry.MaxAddress);

    [Fact]
    public void The_same_record_is_known_whatever_its_tag_and_class()
    {
        IndexEntry entry = IndexEntry.Create(4096, 3);

        Assert.True(entry.IsSameRecord(IndexEntry.Create(4096, 5).WithTag(IndexEntry.TagMask)));
        Assert.False(entry.IsSameRecord(IndexEntry.Create(4104, 3)));
    }

    [Fact]
    public void No_entry_is_the_word_zero()
    {
        Assert.True(default(IndexEntry).IsEmpty);
        Assert.Equal(0UL, default(IndexEntry).Word);
    }
}
