namespace FlashKV.Memory;

/// <summary>
/// A buffer of a <see cref="BufferPool"/>; disposed once, by whoever owns it last.
/// </summary>
internal readonly struct PooledBuffer : IDisposable
{
    private readonly BufferPool? _pool;
    private readonly int _sizeClass;

    public PooledBuffer(BufferPool pool, nint address, int sizeClass)
    {
        _pool = pool;
        _sizeClass = sizeClass;
        Address = address;
    }

    public nint Address { get; }

    /// <summary>The length in bytes; 0 for the default value.</summary>
    public int Length => _pool is null ? 0 : BufferPool.BytesOf(_sizeClass);

    public NativeRegion Region => new(Address, Length);

    public Span<byte> Span(int offset, int length) => Region.Span(offset, length);

    public void Dispose() => _pool?.Return(Address, _sizeClass);
}
