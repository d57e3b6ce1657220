namespace FlashKV.Workloads.Stores;

/// <summary>One thread's use of this store, which has no sessions of its own.</summary>
internal sealed class FlashKvSession(FlashStore store, int valueBytes) : StoreSession(valueBytes)
{
    private readonly GetManyResult _many = new();

    public override void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
        store.Put(key, value);

    public override int Get(ReadOnlySpan<byte> key, Span<byte> destination) =>
        store.Get(key, destination);

    public override void Delete(ReadOnlySpan<byte> key) => store.Delete(key);

    public override int GetMany(KeyBatch keys) => store.GetMany(keys.Memory, _many);

    public override ReadOnlySpan<byte> ValueAt(int index) => _many[index];
}
