using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace FlashKV.Memory;

/// <summary>Cache lines that are asked for all at once.</summary>
/// <remarks>
/// Until the page of a line is found, a processor goes on behind its prefetch only as far as its
/// window of instructions reaches. Who computes an address, asks for its line, computes the next
/// address and so on has only a few lines under way; a bare loop over addresses has three times as
/// many.
/// </remarks>
/// <param name="capacity">The most lines; what is added beyond is not asked for.</param>
internal sealed unsafe class PrefetchList(int capacity)
{
    /// <summary>The most lines of a region that are asked for.</summary>
    public const int MaxLinesOfRegion = 8;

    private const int LineBytes = 64;

    private readonly nint[] _lines = new nint[capacity];
    private int _count;

    /// <summary>Adds the line of an address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(nint address)
    {
        nint[] lines = _lines;
        int count = _count;
        if ((uint)count < (uint)lines.Length)
        {
            lines[count] = address;
            _count = count + 1;
        }
    }

    /// <summary>
    /// Adds the lines of some bytes, up to eight; the processor itself fetches what follows.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(NativeRegion bytes, int length)
    {
        int end = Math.Min(length, MaxLinesOfRegion * LineBytes);
        nint address = bytes.Address;
        for (int offset = 0; offset < end; offset += LineBytes)
        {
            Add(address + offset);
        }
    }

    /// <summary>Begins to load all lines, and forgets them.</summary>
    public void Prefetch()
    {
        if (Sse.IsSupported)
        {
            foreach (nint line in _lines.AsSpan(0, _count))
            {
                // SAFETY: a prefetch faults nowhere.
                Sse.Prefetch0((void*)line);
            }
        }

        _count = 0;
    }
}
