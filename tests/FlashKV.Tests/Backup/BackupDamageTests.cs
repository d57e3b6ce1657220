using FlashKV.Backup;

namespace FlashKV.Tests.Backup;

/// <summary>Backups that are damaged, and directories that are something else.</summary>
public sealed class BackupDamageTests : IDisposable
{
    private readonly BackupScenario _test = new();

    public void Dispose() => _test.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_flipped_bit_in_a_segment_is_found_and_named(int seed)
    {
        _test.Write(4_000);
        _test.BackUp();
        Random random = new(seed);
        string[] files = _test.SegmentFiles();
        string file = files[random.Next(files.Length)];
        Flip(file, random.Next((int)new FileInfo(file).Length), random);

        BackupProblem problem = Assert.Single(StoreBackup.Verify(_test.Backups));
        Assert.Equal(file, problem.File);
        AssertNotRestored(file);
    }

    [Fact]
    public void A_missing_and_a_short_segment_are_found_and_named()
    {
        _test.Write(4_000);
        _test.BackUp();
        string[] files = _test.SegmentFiles();
        File.Delete(files[0]);
        using (FileStream file = File.OpenWrite(files[1]))
        {
            file.SetLength(4096);
        }

        IReadOnlyList<BackupProblem> problems = StoreBackup.Verify(_test.Backups);

        Assert.Equal(files[..2].Order(), problems.Select(problem => problem.File).Order());
        AssertNotRestored(files[0], files[1]);
    }

    [Fact]
    public void Any_byte_of_a_manifest_that_changes_is_found()
    {
        _test.Write(500);
        _test.BackUp();
        string manifest = Assert.Single(Directory.GetFiles(_test.Backups, "*.manifest"));
        byte[] whole = File.ReadAllBytes(manifest);
        for (int i = 0; i < whole.Length; i++)
        {
            byte[] bytes = [.. whole];
            bytes[i] ^= 1;
            File.WriteAllBytes(manifest, bytes);
            BackupException exception =
                Assert.Throws<BackupException>(() => StoreBackup.List(_test.Backups));
            Assert.Equal(manifest, exception.Path);
        }

        for (int length = 0; length < whole.Length; length += 7)
        {
            File.WriteAllBytes(manifest, whole[..length]);
            Assert.Throws<BackupException>(() => StoreBackup.List(_test.Backups));
            Assert.Single(StoreBackup.Verify(_test.Backups));
        }
    }

    [Fact]
    public void A_directory_of_something_else_is_left_alone()
    {
        string other = Directory.CreateDirectory(_test["other"]).FullName;
        File.WriteAllText(Path.Combine(other, "mine"), "text");

        Assert.Throws<BackupException>(() => StoreBackup.Create(_test.Store, other));
        Assert.Throws<BackupException>(() => StoreBackup.Create(_test.Store, _test["store"]));
        Assert.Throws<BackupException>(() => StoreBackup.List(other));
        Assert.Throws<BackupException>(() => StoreBackup.List(_test["nothing"]));
        Assert.Throws<BackupException>(() => StoreBackup.Restore(_test["nothing"], _test["new"]));
        Assert.Equal(["mine"], Directory.GetFiles(other).Select(Path.GetFileName));
    }

    [Fact]
    public void Backups_of_two_stores_do_not_mix()
    {
        _test.BackUp();
        using BackupScenario other = new();

        BackupException exception = Assert.Throws<BackupException>(
            () => StoreBackup.Create(other.Store, _test.Backups));

        Assert.Contains("backups of the store", exception.Message, StringComparison.Ordinal);
        Assert.Single(StoreBackup.List(_test.Backups));
    }

    [Fact]
    public void Restoring_replaces_nothing()
    {
        _test.BackUp();
        string taken = Directory.CreateDirectory(_test["taken"]).FullName;
        File.WriteAllText(Path.Combine(taken, "mine"), "text");

        Assert.Throws<BackupException>(() => StoreBackup.Restore(_test.Backups, taken));
        Assert.Throws<BackupException>(() => StoreBackup.Restore(_test.Backups, _test["new"], 7));

        Assert.Equal(["mine"], Directory.GetFiles(taken).Select(Path.GetFileName));
        Assert.False(Directory.Exists(_test["new"]));
    }

    [Fact]
    public void A_store_that_is_too_small_for_a_backup_is_not_made()
    {
        _test.Write(4_000);
        _test.BackUp();
        string path = Assert.Single(Directory.GetFiles(_test.Backups, "*.manifest"));
        BackupManifest manifest = BackupManifestFormat.Read(File.ReadAllBytes(path), path);

        // As if its last segment lay in the fifth chunk of its shard.
        BackupSegment[] segments = manifest.Shards[1].Segments;
        segments[^1] = segments[^1] with { Slot = 4 * 1024 };
        segments[^1] = segments[^1] with { End = 0, Bytes = (1 << 18) - 4096 };
        File.WriteAllBytes(path, BackupManifestFormat.Write(manifest));

        BackupException exception = Assert.Throws<BackupException>(() => StoreBackup.Restore(
            _test.Backups,
            _test["new"],
            storeOptions: new FlashStoreOptions { Capacity = 1L << 30 }));

        Assert.Contains("larger capacity", exception.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => StoreBackup.Restore(
            _test.Backups,
            _test["new"],
            storeOptions: new FlashStoreOptions { Capacity = 1L << 28 }));
        Assert.False(Directory.Exists(_test["new"]));
    }

    [Fact]
    public void A_damaged_segment_of_the_store_is_not_backed_up()
    {
        _test.Write(4_000);
        string path = _test["store"];
        _test.Store.Dispose();
        using (FileStream device = File.OpenWrite(Path.Combine(path, "device.flash")))
        {
            // A record in the first segment of the shard that grew first.
            device.Position = (256L << 20) + (2 * 4096) + 40;
            device.WriteByte(0xA5);
        }

        _test.Reopen("store");

        CorruptStoreException exception =
            Assert.Throws<CorruptStoreException>(() => _test.BackUp());

        Assert.InRange(exception.Shard, 0, 1);
        Assert.Equal(0, exception.Lba);
        Assert.Empty(StoreBackup.List(_test.Backups));
    }

    private static void Flip(string path, int offset, Random random)
    {
        byte[] bytes = File.ReadAllBytes(path);
        bytes[offset] ^= (byte)(1 << random.Next(8));
        File.WriteAllBytes(path, bytes);
    }

    private void AssertNotRestored(params string[] files)
    {
        BackupException exception = Assert.Throws<BackupException>(
            () => StoreBackup.Restore(_test.Backups, _test["new"]));
        Assert.Contains(exception.Path, files);
        Assert.False(Directory.Exists(_test["new"]));
    }
}
