using System.Runtime.Intrinsics.X86;

namespace FlashKV.Workloads.Stores;

/// <summary>One thread's use of bare memory.</summary>
internal sealed unsafe class BareSession(BareMemory memory) : StoreSession(memory.ValueBytes)
{
    private const int LineBytes = 64;

    private long*[] _entries = [];

    public override void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        byte* record = memory.RecordAt(memory.IndexOf(key));
        key.CopyTo(new Span<byte>(record, memory.KeyBytes));
        value.CopyTo(new Span<byte>(record + memory.KeyBytes, memory.ValueBytes));
    }

    public override int Get(ReadOnlySpan<byte> key, Span<byte> destination)
    {
        long* entry = memory.IndexOf(key);
        if (entry is null)
        {
            return -1;
        }

        Value(memory.RecordAt(entry)).CopyTo(destination);
        return memory.ValueBytes;
    }

    public override void Delete(ReadOnlySpan<byte> key) =>
        throw new NotSupportedException("Bare memory has no ceiling for deletes.");

    public override int GetMany(KeyBatch keys)
    {
        if (_entries.Length < keys.Count)
        {
            _entries = new long*[keys.Count];
        }

        for (int i = 0; i < keys.Count; i++)
        {
            _entries[i] = memory.IndexOf(keys[i]);
            Prefetch(_entries[i]);
        }

        for (int i = 0; i < keys.Count; i++)
        {
            byte* record = memory.RecordAt(_entries[i]);
            for (int line = 0; line < memory.RecordBytes; line += LineBytes)
            {
                Prefetch(record + line);
            }
        }

        return keys.Count;
    }

    public override ReadOnlySpan<byte> ValueAt(int index) =>
        Value(memory.RecordAt(_entries[index]));

    private static void Prefetch(void* address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(address);
        }
    }

    private ReadOnlySpan<byte> Value(byte* record) =>
        new(record + memory.KeyBytes, memory.ValueBytes);
}
