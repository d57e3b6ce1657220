using System.Runtime.InteropServices;

namespace FlashKV.SimBackend.Tests;

/// <summary>Unmanaged memory of a test: aligned blocks, and bytes before and behind them.</summary>
internal sealed unsafe class AlignedMemory : IDisposable
{
    private void* _start;

    internal AlignedMemory(int blockCount, int shift = 0)
    {
        BlockCount = blockCount;
        int bytes = (blockCount + 2) * Medium.BlockBytes;
        _start = NativeMemory.AlignedAlloc((nuint)bytes, Medium.BlockBytes);
        NativeMemory.Clear(_start, (nuint)bytes);
        Address = (nint)_start + shift;
    }

    internal int BlockCount { get; }

    internal nint Address { get; }

    internal Span<byte> Bytes => Run(0, BlockCount).AsSpan();

    internal Span<byte> Block(int index) => Run(index, 1).AsSpan();

    internal MemoryRun Run(int block, int blockCount) =>
        new(Address + (block * Medium.BlockBytes), blockCount);

    internal void Fill(int seed) => new Random(seed).NextBytes(Bytes);

    public void Dispose()
    {
        NativeMemory.AlignedFree(_start);
        _start = null;
    }
}
