using System.Runtime.InteropServices;
using FlashKV.Superpipe;

namespace FlashKV.Workloads.Device;

/// <summary>Aligned memory for many blocks.</summary>
internal sealed unsafe class BlockBuffers : IDisposable
{
    private readonly byte* _start;

    public BlockBuffers(int blockCount)
    {
        // SAFETY: freed by Dispose, when no transfer is under way.
        nuint bytes = (nuint)blockCount * Lun.BlockSize;
        _start = (byte*)NativeMemory.AlignedAlloc(bytes, Lun.BlockSize);
        NativeMemory.Clear(_start, bytes);
    }

    public nint AddressOf(int block) => (nint)(_start + ((nint)block * Lun.BlockSize));

    /// <summary>The first eight bytes of a block, where its number is.</summary>
    public ref long NumberOf(int block) => ref *(long*)AddressOf(block);

    public void Dispose() => NativeMemory.AlignedFree(_start);
}
