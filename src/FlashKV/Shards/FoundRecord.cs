using FlashKV.Log;
using FlashKV.Memory;

namespace FlashKV.Shards;

/// <summary>
/// A record that was found, in memory or in a buffer of its own; disposing it gives the buffer
/// back. A record in memory is valid inside the operation that found it.
/// </summary>
internal ref struct FoundRecord
{
    private PooledBuffer _buffer;

    private readonly int _start;

    public FoundRecord(RecordView record, PooledBuffer buffer, int start = 0)
    {
        Record = record;
        _buffer = buffer;
        _start = start;
    }

    public RecordView Record { get; }

    /// <summary>
    /// Whether the record lies in a buffer of its own, and so outlives the operation.
    /// </summary>
    public readonly bool OwnsBuffer => _buffer.Length != 0;

    /// <summary>Hands the buffer on to the caller.</summary>
    public PooledBuffer TakeBuffer()
    {
        PooledBuffer buffer = _buffer;
        _buffer = default;
        return buffer;
    }

    /// <summary>Hands the buffer on as a lease of a part of the record.</summary>
    public ValueLease LeaseBuffer(int offset, int length) =>
        new(TakeBuffer(), _start + offset, length);

    public void Dispose() => TakeBuffer().Dispose();
}
