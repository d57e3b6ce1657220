using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace FlashKV.Workloads.Limits;

/// <summary>What memory does by itself: one walk through shuffled lines, in several ways.</summary>
internal sealed unsafe class MemoryLimits : IDisposable
{
    private const int LineBytes = 64;
    private const int LongsPerLine = LineBytes / sizeof(long);
    private const int AdviseHugePages = 14;
    private const int Ahead = 32;

    private readonly long _lines;
    private readonly nuint _bytes;
    private readonly long* _memory;
    private readonly long* _copy;
    private long _place;
    private ulong _random = 88172645463325252;

    /// <param name="bytes">How much; far more than the caches hold.</param>
    public MemoryLimits(long bytes)
    {
        _lines = bytes / LineBytes;
        _bytes = (nuint)bytes;
        _memory = Allocate();
        _copy = Allocate();
        Shuffle();
    }

    /// <summary>The result of all reads, so that none can be left out.</summary>
    public long Sink { get; private set; }

    /// <summary>Each line says which comes next: one miss after the other.</summary>
    /// <returns>The lines that were read.</returns>
    public long ReadDependent(int count)
    {
        long place = _place;
        for (int i = 0; i < count; i++)
        {
            place = _memory[place * LongsPerLine];
        }

        _place = place;
        Sink += place;
        return count;
    }

    /// <summary>Random lines, each asked for long before it is read.</summary>
    /// <returns>The lines that were read.</returns>
    public long ReadIndependent(int count)
    {
        long* places = stackalloc long[Ahead];
        long sum = 0;
        for (int i = 0; i < count; i++)
        {
            int slot = i % Ahead;
            if (i >= Ahead)
            {
                sum += _memory[places[slot]];
            }

            places[slot] = NextLine() * LongsPerLine;
            if (Sse.IsSupported)
            {
                Sse.Prefetch0(_memory + places[slot]);
            }
        }

        Sink += sum;
        return count;
    }

    /// <summary>Every line in order.</summary>
    /// <returns>The lines that were read.</returns>
    public long ReadInOrder()
    {
        Vector256<long> first = default;
        Vector256<long> second = default;
        for (long place = 0; place < _lines * LongsPerLine; place += LongsPerLine)
        {
            first += Vector256.Load(_memory + place);
            second += Vector256.Load(_memory + place + Vector256<long>.Count);
        }

        Sink += Vector256.Sum(first + second);
        return _lines;
    }

    /// <summary>Every line copied in order.</summary>
    /// <returns>The lines that were copied.</returns>
    public long Copy()
    {
        Buffer.MemoryCopy(_memory, _copy, _bytes, _bytes);
        return _lines;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        NativeMemory.AlignedFree(_copy);
    }

    // SAFETY: owned until Dispose and cleared over its whole length; all places stay below _lines.
    private long* Allocate()
    {
        void* memory = NativeMemory.AlignedAlloc(_bytes, 2 << 20);
        if (OperatingSystem.IsLinux())
        {
            _ = SystemCalls.Advise((nint)memory, (nint)_bytes, AdviseHugePages);
        }

        NativeMemory.Clear(memory, _bytes);
        return (long*)memory;
    }

    /// <summary>One cycle through all lines (Sattolo).</summary>
    private void Shuffle()
    {
        for (long i = 0; i < _lines; i++)
        {
            _memory[i * LongsPerLine] = i;
        }

        for (long i = _lines - 1; i > 0; i--)
        {
            long other = (long)(Next() % (ulong)i);
            (_memory[i * LongsPerLine], _memory[other * LongsPerLine]) =
                (_memory[other * LongsPerLine], _memory[i * LongsPerLine]);
        }
    }

    private long NextLine() => (long)(((UInt128)Next() * (ulong)_lines) >> 64);

    private ulong Next()
    {
        _random ^= _random << 13;
        _random ^= _random >> 7;
        return _random ^= _random << 17;
    }
}
