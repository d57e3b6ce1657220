using System.Globalization;
using System.Text;
using FlashKV.Shards;

namespace FlashKV.Tests.Backup;

/// <summary>A store with small segments, what it should hold, and a directory of backups.</summary>
internal sealed class BackupScenario : IDisposable
{
    private static readonly FlashStoreOptions s_options = new()
    {
        Shards = 2,
        SegmentBytes = 256 << 10,
        MemoryBudget = FlashStoreOptions.MinMemoryBudget,
        Durability = Durability.Buffered,
    };

    private readonly string _root = Directory.CreateTempSubdirectory("flashkv-backups-").FullName;
    private readonly Random _random;

    public BackupScenario(
        int seed = 1, bool hasBackgroundThread = true, bool allowsClones = false)
    {
        _random = new Random(seed);
        Store = FlashStore.Open(this["store"], s_options with
        {
            BackgroundThread = hasBackgroundThread,
            AllowClones = allowsClones,
        });
    }

    public FlashStore Store { get; private set; }

    /// <summary>What the store holds.</summary>
    public SortedDictionary<string, string> Model { get; } = new(StringComparer.Ordinal);

    public string Backups => this["backups"];

    public string this[string name] => Path.Combine(_root, name);

    /// <summary>All entries of a view, or of a store.</summary>
    public static Dictionary<string, string> Read(StoreScan scan)
    {
        Dictionary<string, string> entries = [];
        foreach (StoreEntry entry in scan)
        {
            entries.Add(
                Encoding.UTF8.GetString(entry.Key), Encoding.UTF8.GetString(entry.Value));
        }

        return entries;
    }

    /// <summary>Puts, deletes and batches of random keys, some thousand of them.</summary>
    public void Write(int operations, int keys = 2_000, int valueBytes = 300)
    {
        for (int i = 0; i < operations; i++)
        {
            string key = string.Create(CultureInfo.InvariantCulture, $"key {_random.Next(keys)}");
            switch (_random.Next(10))
            {
                case 0:
                    Store.Delete(Encoding.UTF8.GetBytes(key));
                    Model.Remove(key);
                    break;
                case 1:
                    WriteBatch(key);
                    break;
                default:
                    Put(key, Value(valueBytes));
                    break;
            }
        }
    }

    public void Put(string key, string value)
    {
        Store.Put(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value));
        Model[key] = value;
    }

    /// <summary>Puts one value for some keys in a batch.</summary>
    public void PutTogether(string value, params string[] keys)
    {
        using WriteBatch batch = Store.CreateBatch();
        foreach (string key in keys)
        {
            batch.Put(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value));
            Model[key] = value;
        }

        batch.Commit();
    }

    /// <summary>The shard that a key belongs to.</summary>
    public int ShardOf(string key)
    {
        KeyHasher hasher = Store.Core.Context.Hasher;
        return hasher.ShardOf(hasher.Hash(Encoding.UTF8.GetBytes(key)));
    }

    /// <summary>Makes a backup of now.</summary>
    public BackupResult BackUp(
        BackupOptions? options = null, CancellationToken stop = default) =>
        StoreBackup.Create(Store, Backups, options, stop);

    /// <summary>Restores a backup and reads what is in it.</summary>
    public Dictionary<string, string> Restore(int? number = null, string name = "restored")
    {
        StoreBackup.Restore(Backups, this[name], number, storeOptions: s_options);
        using FlashStore store =
            FlashStore.Open(this[name], s_options with { OpenMode = OpenMode.OpenExisting });
        Assert.Empty(store.OpenWarnings);
        Assert.Empty(store.Verify().Problems);
        Dictionary<string, string> entries = Read(store.Scan());
        Assert.Equal(entries.Count, store.GetStatistics().Keys);
        return entries;
    }

    public void Reopen(string name)
    {
        Store.Dispose();
        Store = FlashStore.Open(this[name], s_options);
    }

    public string[] SegmentFiles() => Directory.GetFiles(Path.Combine(Backups, "segments"));

    public void Dispose()
    {
        Store.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    private string Value(int bytes) => new((char)('a' + _random.Next(26)), _random.Next(bytes));

    private void WriteBatch(string key)
    {
        using WriteBatch batch = Store.CreateBatch();
        for (int i = 0; i < 5; i++)
        {
            string member = string.Create(CultureInfo.InvariantCulture, $"{key}/{i}");
            string value = Value(100);
            batch.Put(Encoding.UTF8.GetBytes(member), Encoding.UTF8.GetBytes(value));
            Model[member] = value;
        }

        batch.Commit();
    }
}
