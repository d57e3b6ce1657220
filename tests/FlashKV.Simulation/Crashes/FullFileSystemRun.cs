using FlashKV.Log;
using FlashKV.Shards;
using FlashKV.Simulation.Machines;
using FlashKV.Simulation.Model;

namespace FlashKV.Simulation.Crashes;

/// <summary>
/// A store in files of a real file system that is full, but for so many blocks, at one kind of write:
/// a put, a batch, the sealing of a segment, the growth of a LUN, a compaction, an opening, which
/// writes the superblock, or a close. What was there can be read and deleted, the store opens, and
/// with room it takes writes again.
/// </summary>
internal sealed class FullFileSystemRun : IDisposable
{
    private const int StoredKeys = 30;
    private const int MostWrites = 200;
    private const int ValueBytes = 20_000;
    private const int BlockBytes = 4_096;

    private readonly SmallFileSystem _files;
    private readonly SortedDictionary<int, byte[]> _expected = [];
    private FlashStore _store;
    private int _write;

    private FullFileSystemRun(SmallFileSystem files)
    {
        _files = files;
        _store = Open();
    }

    /// <summary>The kinds of writes that can meet the full file system.</summary>
    public static IReadOnlyList<string> Kinds { get; } =
        ["put", "durable put", "batch", "seal", "growth", "compaction", "superblock", "close"];

    /// <summary>How many puts and batches were refused.</summary>
    public int Refused { get; private set; }

    /// <summary>Runs one kind.</summary>
    /// <param name="files">A file system with nothing on it.</param>
    /// <param name="kind">The kind of write.</param>
    /// <param name="leftBlocks">The blocks that are left.</param>
    /// <returns>How many writes were refused.</returns>
    /// <exception cref="ModelException">A promise was broken.</exception>
    public static int Run(SmallFileSystem files, string kind, int leftBlocks)
    {
        using var run = new FullFileSystemRun(files);
        run.Prepare();
        files.Fill((long)leftBlocks * BlockBytes);
        run.Meet(kind);
        run.Check();
        run.FillUp();
        run.Empty();
        files.Empty();
        run.Resume();
        return run.Refused;
    }

    public void Dispose() => _store.Dispose();

    private FlashStore Open() => FlashStore.Open(Path.Combine(_files.Path, "store"), new()
    {
        Shards = 2,
        Capacity = 8L << 28,
        SegmentBytes = FlashStoreOptions.MinSegmentBytes,
        MemoryBudget = FlashStoreOptions.MinMemoryBudget,
        BackgroundThread = false,
    });

    // Half of it is dead, so that there is something to compact.
    private void Prepare()
    {
        for (int i = 0; i < 2 * StoredKeys; i++)
        {
            Put(i % StoredKeys, Durability.Buffered);
        }

        _store.Flush();
    }

    private void Meet(string kind)
    {
        switch (kind)
        {
            case "put" or "durable put":
                Put(1, kind == "put" ? Durability.Buffered : Durability.Durable);
                break;
            case "batch":
                Batch();
                break;
            case "seal":
                foreach (Shard shard in _store.Core.Shards)
                {
                    shard.Log.CloseSegment(SegmentKind.Hot);
                    shard.Log.TryAdvanceFlush(out _);
                }

                break;
            case "growth":
                _ = _store.Core.TryGrow(0);
                break;
            case "compaction":
                Compact();
                break;
            default:
                Reopen();
                break;
        }
    }

    private void FillUp()
    {
        int before = Refused;
        for (int i = 0; i < MostWrites && Refused == before; i++)
        {
            Put(i % StoredKeys, i % 4 == 0 ? Durability.Durable : Durability.Buffered);
            Batch();
        }

        Require(Refused != before, "the file system was never full");
        Check();
        Reopen();
    }

    private void Empty()
    {
        foreach (int key in _expected.Keys.ToArray())
        {
            _store.Delete(Keys.Name(key), Durability.Durable);
            _expected.Remove(key);
        }

        Check();
        Compact();
    }

    private void Resume()
    {
        int before = Refused;
        for (int key = 0; key < StoredKeys; key++)
        {
            Put(key, Durability.Durable);
        }

        Batch();
        Require(Refused == before, "with room, a write was refused");
        Reopen();
        Require(_store.Verify().Problems.Count == 0, "verification finds a problem");
    }

    private void Put(int key, Durability durability)
    {
        byte[] value = Keys.Value(_write++, ValueBytes);
        if (Try(() => _store.Put(Keys.Name(key), value, durability)))
        {
            _expected[key] = value;
        }
    }

    private void Batch()
    {
        byte[] value = Keys.Value(_write++, ValueBytes);
        using WriteBatch batch = _store.CreateBatch();
        for (int key = 0; key < 4; key++)
        {
            batch.Put(Keys.Name(key), value);
        }

        if (Try(() => batch.Commit(Durability.Buffered)))
        {
            for (int key = 0; key < 4; key++)
            {
                _expected[key] = value;
            }
        }
    }

    private void Compact()
    {
        foreach (Shard shard in _store.Core.Shards)
        {
            shard.Compactor.CompactAll(CancellationToken.None);
        }
    }

    private void Reopen()
    {
        _store.Dispose();
        _store = Open();
        Check();
    }

    // The only answer of a full file system.
    private bool Try(Action write)
    {
        try
        {
            write();
            return true;
        }
        catch (StoreFullException)
        {
            Refused++;
            return false;
        }
    }

    private void Check()
    {
        for (int key = 0; key < StoredKeys; key++)
        {
            byte[]? found = _store.Get(Keys.Name(key));
            Require(
                new KeyVersion(found, null).Has(_expected.GetValueOrDefault(key)),
                $"key {key} is not what was written");
        }
    }

    private static void Require(bool holds, string problem)
    {
        if (!holds)
        {
            throw new ModelException(problem);
        }
    }
}
