using FlashKV.Workloads.Workers;

namespace FlashKV.Workloads.Stores;

/// <summary>
/// An index of 8 bytes per key that says where a record lies, and the records, shuffled, both in
/// memory for which huge pages were asked. A key carries its number, which takes the place of a
/// hash.
/// </summary>
internal sealed unsafe class BareMemory : IStore
{
    private readonly long _capacity;
    private readonly long* _index;
    private readonly byte* _records;

    public BareMemory(StoreSetup setup)
    {
        _capacity = setup.Keys;
        ValueBytes = setup.ValueBytes;
        RecordBytes = (setup.KeyBytes + setup.ValueBytes + 7) & ~7;
        KeyBytes = setup.KeyBytes;
        _index = (long*)HugeMemory.Map(_capacity * sizeof(long));
        _records = (byte*)HugeMemory.Map(_capacity * RecordBytes);
        Shuffle();
    }

    public string Settings => "an array of 8 bytes per key, records shuffled, huge pages asked for";

    public bool IsOrdered => false;

    public int ValueBytes { get; }

    public int KeyBytes { get; }

    public int RecordBytes { get; }

    public IStoreSession OpenSession() => new BareSession(this);

    public long* IndexOf(ReadOnlySpan<byte> key)
    {
        long number = Payload.NumberOf(key);

        // SAFETY: the index has an entry for every number below the capacity.
        return (ulong)number < (ulong)_capacity ? _index + number : null;
    }

    // SAFETY: Shuffle gave every entry the offset of one whole record.
    public byte* RecordAt(long* entry) => _records + *entry;

    public void Flush()
    {
    }

    public void Settle()
    {
    }

    public void Dispose()
    {
        HugeMemory.Unmap(_index);
        HugeMemory.Unmap(_records);
    }

    private void Shuffle()
    {
        var random = new Random(1);
        for (long i = 0; i < _capacity; i++)
        {
            long other = random.NextInt64(i + 1);
            _index[i] = _index[other];
            _index[other] = i * RecordBytes;
        }
    }
}
