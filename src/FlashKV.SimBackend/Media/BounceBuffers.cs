using System.Diagnostics;
using System.Runtime.ConstrainedExecution;
using System.Runtime.InteropServices;

namespace FlashKV.SimBackend;

/// <summary>
/// Aligned buffers for client memory that direct I/O cannot take as it is. At most
/// <see cref="KeptBuffers"/> are kept; a thread that finds none makes one of its own for the time.
/// </summary>
/// <remarks>Taking and returning is an exchange per slot: no lock, no wait.</remarks>
internal sealed unsafe class BounceBuffers : CriticalFinalizerObject, IDisposable
{
    /// <summary>The size of each buffer.</summary>
    internal const int BufferBytes = 256 << 10;

    /// <summary>The most buffers that are kept.</summary>
    internal const int KeptBuffers = 8;

    private readonly nint[] _free = new nint[KeptBuffers];

    ~BounceBuffers() => FreeAll();

    /// <summary>A buffer of <see cref="BufferBytes"/>, aligned to a block.</summary>
    internal nint Take()
    {
        for (int i = 0; i < KeptBuffers; i++)
        {
            if (Volatile.Read(ref _free[i]) != 0)
            {
                nint buffer = Interlocked.Exchange(ref _free[i], 0);
                if (buffer != 0)
                {
                    return buffer;
                }
            }
        }

        // SAFETY: freed by Return or FreeAll, whichever ends up with it.
        return (nint)NativeMemory.AlignedAlloc(BufferBytes, Medium.BlockBytes);
    }

    /// <summary>Gives a buffer back.</summary>
    /// <param name="buffer">A buffer of <see cref="Take"/>.</param>
    internal void Return(nint buffer)
    {
        Debug.Assert(buffer != 0, "a buffer of Take");
        for (int i = 0; i < KeptBuffers; i++)
        {
            if (Interlocked.CompareExchange(ref _free[i], buffer, 0) == 0)
            {
                return;
            }
        }

        // SAFETY: the buffer comes from AlignedAlloc and nobody else holds it.
        NativeMemory.AlignedFree((void*)buffer);
    }

    public void Dispose()
    {
        FreeAll();
        GC.SuppressFinalize(this);
    }

    private void FreeAll()
    {
        for (int i = 0; i < KeptBuffers; i++)
        {
            // SAFETY: the exchange makes this the only holder; freeing null is harmless.
            NativeMemory.AlignedFree((void*)Interlocked.Exchange(ref _free[i], 0));
        }
    }
}
