using FlashKV.Workloads.Stores;
using RocksDbSharp;

namespace FlashKV.Peers.RocksDb;

/// <summary>One thread's use of RocksDB, which has no sessions of its own.</summary>
internal sealed class RocksDbSession(
    RocksDbSharp.RocksDb store, WriteOptions writes, int valueBytes) : StoreSession(valueBytes)
{
    private static readonly ReadOptions s_together = new ReadOptions().SetAsyncIO(true);

    private KeyValuePair<byte[], byte[]>[] _many = [];

    public override void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
        store.Put(key, value, writeOptions: writes);

    public override int Get(ReadOnlySpan<byte> key, Span<byte> destination) =>
        store.GetFixedSizeValue(key, destination) ? destination.Length : -1;

    public override void Delete(ReadOnlySpan<byte> key) => store.Remove(key, writeOptions: writes);

    public override int GetMany(KeyBatch keys)
    {
        _many = store.MultiGet(keys.ToArrays(), readOptions: s_together);
        int found = 0;
        foreach (KeyValuePair<byte[], byte[]> pair in _many)
        {
            found += pair.Value is null ? 0 : 1;
        }

        return found;
    }

    public override ReadOnlySpan<byte> ValueAt(int index) => _many[index].Value;

    public override int Scan(ReadOnlySpan<byte> from, int count, VisitRecord visit)
    {
        using Iterator iterator = store.NewIterator();
        int seen = 0;
        for (iterator.Seek(from); seen < count && iterator.Valid(); iterator.Next())
        {
            visit(iterator.GetKeySpan(), iterator.GetValueSpan());
            seen++;
        }

        return seen;
    }
}
