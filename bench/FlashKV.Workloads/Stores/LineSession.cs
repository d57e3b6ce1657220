using System.Runtime.Intrinsics.X86;

namespace FlashKV.Workloads.Stores;

/// <summary>One thread's use of lines.</summary>
internal sealed unsafe class LineSession(LineMemory memory) : StoreSession(memory.ValueBytes)
{
    private const int Ahead = 16;

    private ulong[] _hashes = [];
    private ulong*[] _lines = [];
    private byte*[] _records = [];
    private byte[] _values = [];

    public override void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
        value.CopyTo(new Span<byte>(
            Find(key) + LineMemory.HeaderBytes + memory.KeyBytes, memory.ValueBytes));

    public override int Get(ReadOnlySpan<byte> key, Span<byte> destination) =>
        Copy(Find(key), key, destination) ? memory.ValueBytes : -1;

    public override void Delete(ReadOnlySpan<byte> key) =>
        throw new NotSupportedException("Lines have no deletes.");

    public override int GetMany(KeyBatch keys)
    {
        Prepare(keys.Count);
        int found = 0;
        for (int i = 0; i < keys.Count + (2 * Ahead); i++)
        {
            if (i < keys.Count)
            {
                _hashes[i] = LineMemory.HashOf(keys[i]);
                _lines[i] = memory.LineOf(_hashes[i]);
                Prefetch(_lines[i], LineMemory.LineBytes);
            }

            int next = i - Ahead;
            if (next >= 0 && next < keys.Count)
            {
                _records[next] = memory.Find(_lines[next], _hashes[next]);
                Prefetch(_records[next], memory.RecordBytes + (LineMemory.LineBytes / 2));
            }

            int last = next - Ahead;
            if (last >= 0 && (Copy(_records[last], keys[last], ValueOf(last))
                || Copy(Find(keys[last]), keys[last], ValueOf(last))))
            {
                found++;
            }
        }

        return found;
    }

    public override ReadOnlySpan<byte> ValueAt(int index) => ValueOf(index);

    private Span<byte> ValueOf(int index) =>
        _values.AsSpan(index * memory.ValueBytes, memory.ValueBytes);

    // Another key may have the same tag.
    private byte* Find(ReadOnlySpan<byte> key)
    {
        ulong hash = LineMemory.HashOf(key);
        for (int passed = 0; ; passed++)
        {
            byte* record = memory.Find(memory.LineOf(hash), hash, passed);
            if (KeyOf(record).SequenceEqual(key))
            {
                return record;
            }
        }
    }

    private ReadOnlySpan<byte> KeyOf(byte* record) =>
        new(record + LineMemory.HeaderBytes, memory.KeyBytes);

    private bool Copy(byte* record, ReadOnlySpan<byte> key, Span<byte> destination)
    {
        if (!KeyOf(record).SequenceEqual(key))
        {
            return false;
        }

        new ReadOnlySpan<byte>(
            record + LineMemory.HeaderBytes + memory.KeyBytes, memory.ValueBytes)
            .CopyTo(destination);
        return true;
    }

    private void Prepare(int count)
    {
        if (_hashes.Length < count)
        {
            _hashes = new ulong[count];
            _lines = new ulong*[count];
            _records = new byte*[count];
            _values = new byte[count * memory.ValueBytes];
        }
    }

    private static void Prefetch(void* address, int bytes)
    {
        if (Sse.IsSupported)
        {
            for (int offset = 0; offset < bytes - (LineMemory.LineBytes / 2);
                offset += LineMemory.LineBytes)
            {
                Sse.Prefetch0((byte*)address + offset);
            }
        }
    }
}
