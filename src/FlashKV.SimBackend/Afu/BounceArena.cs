using System.Diagnostics;
using System.Runtime.ConstrainedExecution;
using System.Runtime.InteropServices;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// Unmanaged memory for the data of one batch of a client whose memory cannot be used as it is.
/// Buffers are taken one behind the other and all given back at once.
/// </summary>
internal sealed unsafe class BounceArena : CriticalFinalizerObject, IDisposable
{
    /// <summary>The size: what the longest command moves.</summary>
    internal const int SizeInBytes = CxlflashLimits.MaxXferSize;

    private byte* _start;
    private int _used;

    internal BounceArena()
    {
        // SAFETY: freed by Dispose. Pages that are never touched cost nothing.
        _start = (byte*)NativeMemory.AlignedAlloc(SizeInBytes, Medium.BlockBytes);
    }

    ~BounceArena() => Free();

    /// <summary>How many bytes can still be taken.</summary>
    internal int FreeBytes => SizeInBytes - _used;

    /// <summary>Takes a buffer, aligned to a block.</summary>
    /// <param name="bytes">At most <see cref="FreeBytes"/>.</param>
    internal nint Take(long bytes)
    {
        Debug.Assert(bytes <= FreeBytes, "the lane has made room before");
        byte* taken = _start + _used;
        _used += (int)(bytes + Medium.BlockBytes - 1) / Medium.BlockBytes * Medium.BlockBytes;
        return (nint)taken;
    }

    /// <summary>The bytes of a buffer that was taken.</summary>
    internal Span<byte> Bytes(nint buffer, long bytes)
    {
        Debug.Assert(
            buffer >= (nint)_start && buffer + bytes <= (nint)_start + _used, "a taken buffer");

        // SAFETY: inside the arena, whose owner is the only one to use it.
        return new Span<byte>((void*)buffer, (int)bytes);
    }

    /// <summary>Gives all buffers back.</summary>
    internal void Clear() => _used = 0;

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        // SAFETY: from AlignedAlloc; freeing null is harmless.
        NativeMemory.AlignedFree(_start);
        _start = null;
    }
}
