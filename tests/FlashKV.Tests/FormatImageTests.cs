using System.Globalization;
using System.Text;
using FlashKV.Log;
using FlashKV.Tests.Doubles;

namespace FlashKV.Tests;

/// <summary>
/// Stores as earlier builds left them, in <c>Images</c>: one for each format. A change of format
/// that forgets to raise the version fails here, since it cannot read the image of its own version.
/// </summary>
public sealed class FormatImageTests : IDisposable
{
    private static readonly FlashStoreOptions s_options = new()
    {
        Shards = 2,
        SegmentBytes = 256 << 10,
        Capacity = 768L << 20,
        Seed = 2,
        BackgroundThread = false,
    };

    private readonly string _directory =
        Directory.CreateTempSubdirectory("flashkv-image-").FullName;

    public static TheoryData<int> OlderFormats =>
        [.. Enumerable.Range(1, (int)FormatVersion.Current - 1)];

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_store_of_this_format_is_read_whole()
    {
        RestoreOrMakeImage();

        using FlashStore store = FlashStore.Open(
            _directory, new FlashStoreOptions { OpenMode = OpenMode.OpenExisting });

        Assert.Empty(store.OpenWarnings);
        Assert.Empty(store.Verify().Problems);
        SortedDictionary<string, string> found = new(StringComparer.Ordinal);
        foreach (StoreEntry entry in store.Scan())
        {
            found.Add(Encoding.UTF8.GetString(entry.Key), Encoding.UTF8.GetString(entry.Value));
        }

        Assert.Equal(Content(), found);
    }

    [Theory]
    [MemberData(nameof(OlderFormats))]
    public void A_store_of_an_older_format_is_refused_by_its_number(int format)
    {
        StoreImage.Restore(ImageOf(format), _directory);

        Assert.Equal(format, Refused().FoundVersion);
    }

    // The identity file is text that anybody can edit; the superblock says it too.
    [Theory]
    [MemberData(nameof(OlderFormats))]
    public void A_superblock_of_an_older_format_is_refused_by_its_number(int format)
    {
        StoreImage.Restore(ImageOf(format), _directory);
        File.WriteAllText(
            Path.Combine(_directory, "STORE"), $"FlashKV store, format {FormatVersion.Current}\n");

        Assert.Equal(format, Refused().FoundVersion);
    }

    private static string ImageOf(long format) =>
        Path.Combine(AppContext.BaseDirectory, "Images", $"format-{format}.zip");

    private static SortedDictionary<string, string> Content()
    {
        SortedDictionary<string, string> content = new(StringComparer.Ordinal);
        for (int i = 0; i < 300; i++)
        {
            if (i % 7 != 0)
            {
                content[Key(i)] = Value(i, i % 5 == 0 ? 1 : 0);
            }
        }

        return content;
    }

    private static string Key(int i) => string.Create(CultureInfo.InvariantCulture, $"key-{i:d5}");

    private static string Value(int i, int round) => new((char)('a' + ((i + round) % 26)), 10 + i);

    private StoreVersionException Refused()
    {
        StoreVersionException refused = Assert.Throws<StoreVersionException>(() =>
        {
            using FlashStore store = FlashStore.Open(_directory);
        });
        Assert.Contains(_directory, refused.Message, StringComparison.Ordinal);
        Assert.Equal(FormatVersion.Current, refused.SupportedVersion);
        return refused;
    }

    // A new format has no image yet: it is made here, and has to be committed.
    private void RestoreOrMakeImage()
    {
        string image = ImageOf(FormatVersion.Current);
        if (!File.Exists(image))
        {
            MakeStore();
            string made = Path.Combine(Path.GetTempPath(), Path.GetFileName(image));
            File.Delete(made);
            StoreImage.Save(_directory, made);
            Assert.Fail($"Format {FormatVersion.Current} has no image. Commit '{made}' to Images.");
        }

        StoreImage.Restore(image, _directory);
    }

    private void MakeStore()
    {
        using FlashStore store = FlashStore.Open(_directory, s_options);
        for (int i = 0; i < 300; i++)
        {
            Put(store, i, round: 0);
        }

        for (int i = 0; i < 300; i += 5)
        {
            Put(store, i, round: 1);
        }

        using WriteBatch batch = store.CreateBatch();
        for (int i = 0; i < 300; i += 7)
        {
            batch.Delete(Encoding.UTF8.GetBytes(Key(i)));
        }

        batch.Commit(Durability.Durable);
    }

    private static void Put(FlashStore store, int i, int round) => store.Put(
        Encoding.UTF8.GetBytes(Key(i)),
        Encoding.UTF8.GetBytes(Value(i, round)),
        Durability.Buffered);
}
