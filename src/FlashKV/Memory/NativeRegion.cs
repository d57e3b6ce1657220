using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace FlashKV.Memory;

/// <summary>
/// A view of unmanaged memory that somebody else owns: spans and references come out, pointers stay
/// inside. Valid for as long as the owner keeps the memory.
/// </summary>
internal readonly unsafe struct NativeRegion
{
    private const int LineBytes = 64;
    private const int MaxPrefetchLines = 8;

    private readonly byte* _address;

    public NativeRegion(nint address, int length)
    {
        Debug.Assert(address != 0 && address % 8 == 0);
        Debug.Assert(length >= 0);
        _address = (byte*)address;
        Length = length;
    }

    /// <summary>The length in bytes.</summary>
    public int Length { get; }

    /// <summary>The address of the first byte.</summary>
    public nint Address => (nint)_address;

    public bool IsEmpty => _address == null;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<byte> Span(int offset, int length)
    {
        Debug.Assert((uint)offset <= (uint)Length && (uint)length <= (uint)(Length - offset));

        // SAFETY: inside the region (asserted; callers check lengths that come from data).
        return new Span<byte>(_address + offset, length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref long Word(int offset)
    {
        Debug.Assert(offset % 8 == 0 && (uint)offset <= (uint)(Length - 8));

        // SAFETY: an aligned word inside the region.
        return ref *(long*)(_address + offset);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref uint HalfWord(int offset)
    {
        Debug.Assert(offset % 4 == 0 && (uint)offset <= (uint)(Length - 4));

        // SAFETY: an aligned half word inside the region.
        return ref *(uint*)(_address + offset);
    }

    /// <summary>Begins to load the cache lines of the first bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(int length) => Prefetch(0, length);

    /// <summary>
    /// Begins to load the cache lines of some bytes, up to eight; the processor itself fetches what
    /// follows. Where there is no such instruction nothing happens.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(int start, int length)
    {
        if (Sse.IsSupported)
        {
            int end = Math.Min(length, MaxPrefetchLines * LineBytes);
            for (int offset = 0; offset < end; offset += LineBytes)
            {
                // SAFETY: a prefetch faults nowhere.
                Sse.Prefetch0(_address + start + offset);
            }
        }
    }

    public NativeRegion Slice(int offset, int length)
    {
        Debug.Assert((uint)offset <= (uint)Length && (uint)length <= (uint)(Length - offset));
        return new NativeRegion((nint)(_address + offset), length);
    }
}
