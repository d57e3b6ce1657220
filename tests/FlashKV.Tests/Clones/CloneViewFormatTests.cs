using System.Buffers.Binary;
using FlashKV.Clones;
using FlashKV.Log;

namespace FlashKV.Tests.Clones;

/// <summary>The view as bytes.</summary>
public sealed class CloneViewFormatTests
{
    private static readonly CloneView s_view = new()
    {
        Superblock = new Superblock
        {
            Store = new StoreId(1, 2),
            ShardCount = 2,
            SegmentBytes = 1 << 20,
            HashSeed = 3,
            Session = 4,
            CreatedMilliseconds = 5,
        },
        CreatedMilliseconds = 6,
        ExpiresMilliseconds = 7,
        Place = new StorePlace("/a/b", "@driver", "/dev/sg0"),
        Shards =
        [
            new CloneShard(8, [new CloneSegment(9, 10, 0), new CloneSegment(11, 12, 13)]),
            new CloneShard(0, []),
        ],
    };

    [Fact]
    public void What_is_written_is_read()
    {
        CloneView read = CloneViewFormat.Read(CloneViewFormat.Write(s_view));

        Assert.Equal(s_view with { Shards = [] }, read with { Shards = s_view.Shards[..0] });
        Assert.Equal(2, read.Shards.Length);
        Assert.Equal(8UL, read.Shards[0].Sequence);
        Assert.Equal(s_view.Shards[0].Segments, read.Shards[0].Segments);
        Assert.Empty(read.Shards[1].Segments);
    }

    [Theory]
    [InlineData(CloneViewFormat.VersionOffset)]
    [InlineData(CloneViewFormat.FormatVersionOffset)]
    public void Another_version_is_refused_by_its_number(int offset)
    {
        byte[] bytes = CloneViewFormat.Write(s_view);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(offset), 99);

        CloneRefusedException refusal = Assert.Throws<CloneRefusedException>(
            () => CloneViewFormat.Read(bytes));
        Assert.Equal(CloneRefusal.OtherVersion, refusal.Reason);
        Assert.Contains("99", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_is_cut_off_or_flipped_is_refused()
    {
        byte[] whole = CloneViewFormat.Write(s_view);
        for (int length = 0; length < whole.Length; length++)
        {
            Assert.Throws<CloneRefusedException>(() => CloneViewFormat.Read(whole[..length]));
        }

        for (int bit = 0; bit < 8 * whole.Length; bit++)
        {
            byte[] flipped = [.. whole];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<CloneRefusedException>(() => CloneViewFormat.Read(flipped));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("1 12")]
    [InlineData("1 nothex @a")]
    [InlineData("2 0000000000000001 @a")]
    public void An_address_of_another_form_is_refused(string text) =>
        Assert.Throws<CloneRefusedException>(() => CloneAddress.Parse(text));

    [Fact]
    public void An_address_is_read_as_it_was_written()
    {
        var address = new CloneAddress("/a path/with spaces", 0x0123_4567_89AB_CDEF);
        Assert.Equal(address, CloneAddress.Parse($"{address}"));
    }
}
