using System.Runtime.ConstrainedExecution;
using System.Runtime.InteropServices;

namespace FlashKV.SimBackend;

/// <summary>One block of aligned memory of one's own.</summary>
internal sealed unsafe class AlignedBlock : CriticalFinalizerObject, IDisposable
{
    private nint _address;

    internal AlignedBlock()
    {
        // SAFETY: freed by Dispose or by the finalizer, once.
        _address = (nint)NativeMemory.AlignedAlloc(Medium.BlockBytes, Medium.BlockBytes);
        Run.AsSpan().Clear();
    }

    ~AlignedBlock() => Free();

    /// <summary>The block as a run.</summary>
    internal MemoryRun Run => new(_address, 1);

    /// <summary>The block's bytes.</summary>
    internal Span<byte> Bytes => Run.AsSpan();

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        // SAFETY: from AlignedAlloc; freeing null is harmless.
        NativeMemory.AlignedFree((void*)_address);
        _address = 0;
    }
}
