namespace FlashKV.Tests.Backup;

/// <summary>Backups of a store that goes on, and stores made of them.</summary>
public sealed class BackupTests : IDisposable
{
    private readonly BackupScenario _test = new();

    public void Dispose() => _test.Dispose();

    [Fact]
    public void A_backup_has_what_the_store_had_and_nothing_later()
    {
        _test.Write(5_000);
        Dictionary<string, string> then = new(_test.Model);
        BackupOptions options = new()
        {
            MaxParallelism = 1,
            Progress = new Once(() => _test.Write(3_000)),
        };

        BackupResult result = _test.BackUp(options);

        Assert.Equal(1, result.Number);
        Assert.Equal(result.Segments, result.SegmentsCopied);
        Assert.Equal(result.Bytes, result.BytesCopied);

        Assert.Equal(then, _test.Restore());
    }

    [Fact]
    public void A_backup_of_an_empty_store_is_an_empty_store()
    {
        _test.BackUp();

        Assert.Empty(_test.Restore());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Each_of_several_backups_has_its_own_moment(int seed)
    {
        using BackupScenario test = new(seed);
        List<Dictionary<string, string>> moments = [];
        for (int i = 0; i < 4; i++)
        {
            test.Write(3_000);
            moments.Add(new(test.Model));
            Assert.Equal(i + 1, test.BackUp().Number);
            if (i == 1)
            {
                await test.Store.CompactAsync(TestContext.Current.CancellationToken);
            }
        }

        for (int i = 0; i < moments.Count; i++)
        {
            Assert.Equal(moments[i], test.Restore(i + 1, $"restored {i}"));
        }

        Assert.Equal(moments[^1], test.Restore(null, "latest"));
        Assert.Empty(StoreBackup.Verify(test.Backups));
        Assert.Equal([1, 2, 3, 4], StoreBackup.List(test.Backups).Select(info => info.Number));
    }

    [Fact]
    public void A_backup_copies_only_what_the_directory_does_not_have()
    {
        _test.Write(8_000, keys: 100_000);
        BackupResult first = _test.BackUp();
        BackupResult second = _test.BackUp();
        _test.Write(8_000, keys: 100_000);
        BackupResult third = _test.BackUp();

        // Of each shard up to three segments may have been sealed meanwhile.
        Assert.InRange(second.SegmentsCopied, 0, 2 * 3);
        Assert.Equal(first.Segments, second.Segments);
        Assert.InRange(third.BytesCopied, 1, third.Bytes - (first.Bytes / 2));
    }

    [Fact]
    public void What_an_interrupted_backup_has_copied_is_not_copied_again()
    {
        _test.Write(12_000, keys: 100_000);
        using CancellationTokenSource source = new();
        BackupOptions options = new() { MaxParallelism = 1, Progress = new CancelAfter(6, source) };

        Assert.ThrowsAny<OperationCanceledException>(() => _test.BackUp(options, source.Token));

        Assert.Empty(StoreBackup.List(_test.Backups));
        Assert.Throws<BackupException>(() => StoreBackup.Restore(_test.Backups, _test["early"]));
        BackupResult result = _test.BackUp();
        Assert.Equal(1, result.Number);
        Assert.InRange(result.Segments - result.SegmentsCopied, 1, 6);
        Assert.Equal(new(_test.Model), _test.Restore());
    }

    [Fact]
    public void What_an_interrupted_backup_has_left_half_is_copied_again()
    {
        _test.Write(12_000, keys: 100_000);
        _test.BackUp();
        Array.ForEach(Directory.GetFiles(_test.Backups, "*.manifest"), File.Delete);
        string[] files = _test.SegmentFiles();
        using (FileStream half = File.OpenWrite(files[0]))
        {
            half.SetLength(half.Length / 2);
        }

        Flip(files[1], 5_000);

        BackupResult result = _test.BackUp();

        // No manifest vouches for those that are not sealed, up to four in a shard.
        Assert.InRange(result.SegmentsCopied, 2, 2 + (2 * 4));
        Assert.Empty(StoreBackup.Verify(_test.Backups));
        Assert.Equal(new(_test.Model), _test.Restore());
    }

    /// <summary>
    /// A backup lacked the commit record of a batch once compaction had emptied its segment: the
    /// part of the batch in a segment that was not sealed did not count in the restored store.
    /// </summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_batch_is_whole_when_its_commit_record_was_compacted_away(int compacted)
    {
        using BackupScenario test = new(hasBackgroundThread: false);
        string[] keys = [.. Enumerable.Range(0, 400).Select(n => $"key {n}")];
        string[] filled = [.. keys.Where(key => test.ShardOf(key) == compacted)];
        string other = keys.First(key => test.ShardOf(key) != compacted);
        test.PutTogether("batch", filled[0], other);
        for (int round = 0; round < 4; round++)
        {
            foreach (string key in filled)
            {
                test.Put(key, new string('v', 2_000));
            }
        }

        await test.Store.CompactAsync(TestContext.Current.CancellationToken);
        test.BackUp();

        Assert.Equal(new(test.Model), test.Restore());
    }

    [Fact]
    public void A_restored_store_goes_on_and_is_backed_up_beside_the_old_one()
    {
        _test.Write(4_000);
        _test.BackUp();
        Dictionary<string, string> old = new(_test.Model);
        _test.Restore(name: "second");

        // Both go on from the same segment ids, in other directions.
        _test.Write(4_000);
        Dictionary<string, string> first = new(_test.Model);
        _test.BackUp();
        _test.Reopen("second");
        _test.Model.Clear();
        foreach ((string key, string value) in old)
        {
            _test.Model.Add(key, value);
        }

        _test.Write(4_000);
        Dictionary<string, string> second = new(_test.Model);
        _test.BackUp();

        Assert.Equal(old, _test.Restore(1, "a"));
        Assert.Equal(first, _test.Restore(2, "b"));
        Assert.Equal(second, _test.Restore(3, "c"));
    }

    [Fact]
    public void Pruning_keeps_the_latest_and_all_that_they_need()
    {
        for (int i = 0; i < 4; i++)
        {
            _test.Write(4_000);
            _test.BackUp();
        }

        int before = _test.SegmentFiles().Length;
        Assert.Equal(3, StoreBackup.Prune(_test.Backups, 1));

        BackupInfo left = Assert.Single(StoreBackup.List(_test.Backups));
        Assert.Equal(4, left.Number);
        Assert.Equal(left.Segments, _test.SegmentFiles().Length);
        Assert.InRange(left.Segments, 1, before - 1);
        Assert.Equal(new(_test.Model), _test.Restore());
        Assert.Equal(0, StoreBackup.Prune(_test.Backups, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => StoreBackup.Prune(_test.Backups, 0));
    }

    private static void Flip(string path, int offset)
    {
        byte[] bytes = File.ReadAllBytes(path);
        bytes[offset] ^= 0x10;
        File.WriteAllBytes(path, bytes);
    }

    private sealed class Once(Action action) : IProgress<BackupProgress>
    {
        public void Report(BackupProgress value)
        {
            if (value.SegmentsDone == 1)
            {
                action();
            }
        }
    }

    private sealed class CancelAfter(int segments, CancellationTokenSource source)
        : IProgress<BackupProgress>
    {
        public void Report(BackupProgress value)
        {
            if (value.SegmentsDone == segments)
            {
                source.Cancel();
            }
        }
    }
}
