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

    /// <summary>
    /// Gives the value as a lease, in the place of disposing this. A record in memory may make way
    /// once the operation ends, so it is copied; one that was read from the device has a buffer of
    /// its own, which the lease takes over.
    /// </summary>
    public ValueLease Lease(BufferPool buffers)
    {
        int length = Record.ValueLength;
        if (OwnsBuffer)
        {
            return new ValueLease(TakeBuffer(), _start + Record.ValueOffset, length);
        }

        PooledBuffer buffer = buffers.Rent(length);
        Record.Value.CopyTo(buffer.Span(0, length));
        return new ValueLease(buffer, 0, length);
    }

    public void Dispose() => TakeBuffer().Dispose();
}
