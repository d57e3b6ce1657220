using FlashKV.Memory;

namespace FlashKV;

/// <summary>
/// A value that was read, in memory of the store that is this lease's own until it is disposed.
/// </summary>
/// <remarks>
/// Dispose it once, and no copy of it; do not use <see cref="Span"/> afterwards, nor after the
/// store is disposed. Later writes to the key do not change it.
/// </remarks>
public readonly struct ValueLease : IDisposable
{
    private readonly PooledBuffer _buffer;
    private readonly int _offset;
    private readonly int _length;

    internal ValueLease(PooledBuffer buffer, int offset, int length)
    {
        _buffer = buffer;
        _offset = offset;
        _length = length;
    }

    /// <summary>The bytes of the value; empty for the default lease.</summary>
    public ReadOnlySpan<byte> Span =>
        _length == 0 ? default : _buffer.Span(_offset, _length);

    /// <summary>The length of the value in bytes.</summary>
    public int Length => _length;

    /// <summary>Gives the memory back to the store.</summary>
    public void Dispose() => _buffer.Dispose();
}
