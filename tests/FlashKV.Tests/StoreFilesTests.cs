using System.Text;

namespace FlashKV.Tests;

/// <summary>A store whose files are missing, cut short, or of another store.</summary>
public sealed class StoreFilesTests : IDisposable
{
    private static readonly FlashStoreOptions s_options =
        new() { Shards = 2, SegmentBytes = 256 << 10, Capacity = 1L << 30 };

    private readonly string _directory =
        Directory.CreateTempSubdirectory("flashkv-files-").FullName;

    private string Device => Path.Combine(_directory, "device.flash");

    private string Staging => Path.Combine(_directory, "staging");

    public StoreFilesTests()
    {
        using FlashStore store = FlashStore.Open(_directory, s_options);
        for (int i = 0; i < 50; i++)
        {
            store.Put(Key(i), Key(i), Durability.Buffered);
        }
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    // A device of the default size was made in its place, and the superblock was called damaged.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_device_file_that_is_gone_is_named_and_not_made_anew(bool leavesEmptyFile)
    {
        File.Delete(Device);
        if (leavesEmptyFile)
        {
            File.WriteAllBytes(Device, []);
        }

        NotAStoreException refused = Assert.Throws<NotAStoreException>(Open);

        Assert.Contains("device.flash", refused.Message, StringComparison.Ordinal);
        Assert.Equal(leavesEmptyFile, File.Exists(Device));
        Assert.True(!leavesEmptyFile || new FileInfo(Device).Length == 0);
    }

    [Theory]
    [InlineData(512L << 20)]
    [InlineData(256L << 20)]
    [InlineData((512L << 20) + 4096)]
    [InlineData((512L << 20) + 100)]
    [InlineData(4096)]
    [InlineData(100)]
    public void A_device_file_cut_short_is_refused_and_left_as_it_is(long length)
    {
        using (FileStream file = File.OpenWrite(Device))
        {
            file.SetLength(length);
        }

        Assert.ThrowsAny<FlashStoreException>(Open);

        Assert.Equal(length, new FileInfo(Device).Length);
    }

    // Without a word it was made anew, and what was in it of buffered writes was gone.
    [Fact]
    public void A_staging_file_that_is_gone_is_made_anew_and_the_user_told()
    {
        File.Delete(Staging);

        using FlashStore store = Open();

        Assert.Contains("staging", Assert.Single(store.OpenWarnings), StringComparison.Ordinal);
        AssertAllThere(store);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(1 << 20)]
    public void A_staging_file_cut_short_is_refused_and_left_as_it_is(long length)
    {
        using (FileStream file = File.OpenWrite(Staging))
        {
            file.SetLength(length);
        }

        CorruptStoreException corrupt = Assert.Throws<CorruptStoreException>(Open);

        Assert.Equal(Staging, corrupt.File);
        Assert.Equal("length", corrupt.Field);
        Assert.Equal(length, new FileInfo(Staging).Length);
    }

    [Theory]
    [InlineData(0, "magic")]
    [InlineData(8, "store id")]
    public void A_staging_file_of_something_else_is_refused(int offset, string field)
    {
        using (FileStream file = File.Open(Staging, FileMode.Open, FileAccess.ReadWrite))
        {
            file.Position = offset;
            file.Write([1, 2, 3]);
        }

        Assert.Equal(field, Assert.Throws<CorruptStoreException>(Open).Field);
    }

    [Fact]
    public void A_new_store_is_not_made_over_one_that_lost_its_identity_file()
    {
        File.Delete(Path.Combine(_directory, "STORE"));

        Assert.Throws<NotAStoreException>(() => FlashStore.Open(
            _directory, s_options with { OpenMode = OpenMode.CreateNew }));

        using FlashStore store = Open();
        AssertAllThere(store);
    }

    // An unsealed segment is walked to the first record with a wrong checksum. Closing sealed
    // nothing, so a flipped bit there took a record, and all behind it, without a word.
    [Fact]
    public void What_was_closed_in_good_order_cannot_lose_a_record_in_silence()
    {
        File.Delete(Staging);
        using (FileStream file = File.Open(Device, FileMode.Open, FileAccess.ReadWrite))
        {
            // The first record of the first segment, behind the headers of chunk and segment.
            file.Position = (256L << 20) + (2 * 4096) + 24;
            int value = file.ReadByte();
            file.Position--;
            file.WriteByte((byte)(value ^ 4));
        }

        using FlashStore store = Open();

        Assert.Equal(50, store.GetStatistics().Keys);
        Assert.Contains(
            store.Verify(cancellationToken: TestContext.Current.CancellationToken).Problems,
            static problem => problem.Message.Contains("checksum", StringComparison.Ordinal));
    }

    private FlashStore Open() => FlashStore.Open(_directory, s_options);

    private static void AssertAllThere(FlashStore store)
    {
        for (int i = 0; i < 50; i++)
        {
            Assert.Equal(Key(i), store.Get(Key(i)));
        }
    }

    private static byte[] Key(int number) => Encoding.UTF8.GetBytes($"key {number}");
}
