using FlashKV.Index;
using FlashKV.Memory;

namespace FlashKV.Tests.Index;

public unsafe class TagMatchTests
{
    private const int Seed = 20260101;

    [Fact]
    public void All_widths_find_the_same_words()
    {
        using UnmanagedMemory memory = new(4096);
        ulong* line = (ulong*)memory.Allocate(MemoryCategory.Index, 64).Pointer;
        Random random = new(Seed);
        ulong[] tags = [0, 1, 2, 0x1F_FFFF, 0x20_0000, 0x3F_FFFF];
        for (int round = 0; round < 20_000; round++)
        {
            for (int word = 0; word < TagMatch.WordsPerLine; word++)
            {
                ulong tag = tags[random.Next(tags.Length)] << IndexEntry.TagShift;
                ulong rest = (ulong)random.NextInt64() & ~IndexEntry.TagMask;
                line[word] = random.Next(4) == 0 ? 0 : tag | rest;
            }

            ulong pattern = tags[random.Next(tags.Length)] << IndexEntry.TagShift;
            AssertAllEqual(line, IndexEntry.TagMask, pattern);
            AssertAllEqual(line, ~0UL, 0);
            Assert.Equal(
                TagMatch.FindByWord(line, IndexEntry.TagMask, pattern),
                TagMatch.Find(line, pattern));
            Assert.Equal(TagMatch.FindByWord(line, ~0UL, 0), TagMatch.FindEmpty(line));
        }
    }

    [Fact]
    public void Each_word_has_its_bit()
    {
        using UnmanagedMemory memory = new(4096);
        ulong* line = (ulong*)memory.Allocate(MemoryCategory.Index, 64).Pointer;
        for (int word = 0; word < TagMatch.WordsPerLine; word++)
        {
            line[word] = 5UL << IndexEntry.TagShift | 77;
            Assert.Equal(1u << word, TagMatch.Find(line, 5UL << IndexEntry.TagShift));
            Assert.Equal(0xFFu & ~(1u << word), TagMatch.FindEmpty(line));
            line[word] = 0;
        }
    }

    private static void AssertAllEqual(ulong* line, ulong mask, ulong pattern)
    {
        uint expected = 0;
        for (int word = 0; word < TagMatch.WordsPerLine; word++)
        {
            expected |= (line[word] & mask) == pattern ? 1u << word : 0;
        }

        Assert.Equal(expected, TagMatch.FindByWord(line, mask, pattern));
        Assert.Equal(expected, TagMatch.FindBy128(line, mask, pattern));
        Assert.Equal(expected, TagMatch.FindBy256(line, mask, pattern));
        Assert.Equal(expected, TagMatch.FindBy512(line, mask, pattern));
    }
}
