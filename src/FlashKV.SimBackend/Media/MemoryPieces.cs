using System.Diagnostics;
using System.Runtime.ConstrainedExecution;
using System.Runtime.InteropServices;

namespace FlashKV.SimBackend;

/// <summary>
/// The unmanaged memory of a <see cref="MemoryMedium"/>: equal pieces, each allocated when it is
/// first written and kept until the end. It alone allocates and frees them.
/// </summary>
/// <remarks>
/// A piece, once published, never moves and is never freed before <see cref="Dispose"/>, so readers
/// need no lock. Discarded pages inside it go back to the system (or are cleared).
/// </remarks>
internal sealed unsafe class MemoryPieces : CriticalFinalizerObject, IDisposable
{
    /// <summary>The size of a piece: a huge page, so that a random access costs less.</summary>
    internal const int PieceBytes = 2 << 20;

    // Below this, clearing is cheaper than a system call and the page faults that follow it.
    private const int WorthReturning = 64 << 10;

    private readonly nint[] _origins;
    private readonly nint[] _pieces;
    private readonly Lock _allocating = new();
    private int _allocated;

    internal MemoryPieces(long bytes)
    {
        long count = (bytes + PieceBytes - 1) / PieceBytes;
        _pieces = new nint[count];
        _origins = new nint[count];
    }

    ~MemoryPieces() => Free();

    /// <summary>The memory allocated so far, in bytes.</summary>
    internal long AllocatedBytes => (long)Volatile.Read(ref _allocated) * PieceBytes;

    /// <summary>The address of a byte if its piece exists, else 0.</summary>
    internal nint Find(long offset)
    {
        nint piece = Volatile.Read(ref _pieces[offset / PieceBytes]);
        return piece == 0 ? 0 : piece + (nint)(offset % PieceBytes);
    }

    /// <summary>
    /// The address of a byte; its piece is allocated if need be. 0 when memory has run out.
    /// </summary>
    internal nint FindOrAllocate(long offset)
    {
        nint found = Find(offset);
        return found != 0 ? found : Allocate(offset);
    }

    /// <summary>Makes part of one piece read as zeros.</summary>
    internal void Clear(long offset, int bytes)
    {
        Debug.Assert((offset % PieceBytes) + bytes <= PieceBytes, "a range inside one piece");
        nint address = Find(offset);
        if (address == 0)
        {
            return;
        }

        // SAFETY: the range lies inside one piece, which lives until Dispose; both ends are page
        // aligned (blocks are pages, and pieces start on a page).
        if (bytes < WorthReturning || !LibC.TryReturnPages(address, (nuint)bytes))
        {
            NativeMemory.Clear((void*)address, (nuint)bytes);
        }
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private nint Allocate(long offset)
    {
        long index = offset / PieceBytes;
        lock (_allocating)
        {
            if (_pieces[index] == 0)
            {
                // SAFETY: zeroed memory of two pieces, so that an aligned one fits; what is beside
                // it is never touched and takes none. The origin is kept for the free.
                void* origin = TryAllocate(2 * PieceBytes);
                if (origin == null)
                {
                    return 0;
                }

                nint start = ((nint)origin + PieceBytes - 1) & -PieceBytes;
                LibC.AskForHugePages(start, PieceBytes);
                _origins[index] = (nint)origin;
                _allocated++;
                Volatile.Write(ref _pieces[index], start);
            }
        }

        return Find(offset);
    }

    private static void* TryAllocate(nuint bytes)
    {
        try
        {
            return NativeMemory.AllocZeroed(bytes);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    private void Free()
    {
        for (int i = 0; i < _origins.Length; i++)
        {
            // SAFETY: an origin comes from AllocZeroed and is freed once; free(null) is harmless.
            NativeMemory.Free((void*)_origins[i]);
            _origins[i] = 0;
            _pieces[i] = 0;
        }
    }
}
