using System.Runtime.ConstrainedExecution;
using System.Runtime.InteropServices;

namespace FlashKV.SimBackend;

/// <summary>
/// A run of zeroed memory for media that have to write zeros where they cannot discard.
/// </summary>
internal sealed unsafe class ZeroBlocks : CriticalFinalizerObject, IDisposable
{
    /// <summary>The length of the run in blocks.</summary>
    internal const int BlockCount = 64;

    private nint _address;

    internal ZeroBlocks()
    {
        const int Bytes = BlockCount * Medium.BlockBytes;

        // SAFETY: the whole allocation is cleared before anybody sees it; freed by Dispose.
        _address = (nint)NativeMemory.AlignedAlloc(Bytes, Medium.BlockBytes);
        NativeMemory.Clear((void*)_address, Bytes);
    }

    ~ZeroBlocks() => Free();

    /// <summary>The first blocks of the run.</summary>
    /// <param name="blockCount">1 to <see cref="BlockCount"/>.</param>
    internal MemoryRun Take(int blockCount) => new(_address, blockCount);

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        // SAFETY: the address comes from AlignedAlloc; freeing null is harmless.
        NativeMemory.AlignedFree((void*)_address);
        _address = 0;
    }
}
