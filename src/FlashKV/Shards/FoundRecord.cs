using FlashKV.Log;
using FlashKV.Memory;

namespace FlashKV.Shards;

/// <summary>
/// A record that was found, in memory or in a buffer of its own; disposing it gives the buffer back.
/// A record in memory is valid inside the operation that found it.
/// </summary>
internal ref struct FoundRecord
{
    private PooledBuffer _buffer;

    public FoundRecord(RecordView record, PooledBuffer buffer)
    {
        Record = record;
        _buffer = buffer;
    }

    public RecordView Record { get; }

    /// <summary>Whether the record lies in a buffer of its own, and so outlives the operation.</summary>
    public readonly bool OwnsBuffer => _buffer.Length != 0;

    /// <summary>Hands the buffer on to the caller.</summary>
    public PooledBuffer TakeBuffer()
    {
        PooledBuffer buffer = _buffer;
        _buffer = default;
        return buffer;
    }

    public void Dispose() => TakeBuffer().Dispose();
}
