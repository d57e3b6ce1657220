using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FlashKV.Memory;

/// <summary>
/// Says when memory that readers may still look at can be used again. An operation marks a cell of
/// its own thread, which no other thread writes; whoever takes memory back first unpublishes it,
/// then waits until every operation that began before has ended.
/// </summary>
/// <remarks>
/// The mark is a plain store: the one who waits pays for the ordering with a process-wide barrier,
/// since waiting is rare and operations are not. Operations may nest. Nothing that waits for
/// another thread (a flush, room in the tail) may happen inside an operation.
/// </remarks>
internal static unsafe class Epoch
{
    private const int CellBytes = 128;

    private static readonly Lock s_registry = new();
    private static readonly Stack<nint> s_freeCells = new();
    private static nint[] s_cells = [];
    private static long s_current = 1;

    [ThreadStatic]
    private static Cell* s_threadCell;

    [ThreadStatic]
    private static CellOwner? s_threadOwner;

    /// <summary>Begins an operation of this thread; disposing the result ends it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Operation Enter()
    {
        Cell* cell = s_threadCell;
        if (cell == null)
        {
            cell = Register();
        }

        if (cell->Depth++ == 0)
        {
            Volatile.Write(ref cell->Began, Volatile.Read(ref s_current));
        }

        return new Operation(cell);
    }

    /// <summary>Whether this thread is inside an operation.</summary>
    public static bool IsInside => s_threadCell != null && s_threadCell->Depth != 0;

    /// <summary>
    /// Waits until every operation that was under way when it was called has ended. The caller must
    /// not be inside one.
    /// </summary>
    public static void WaitForQuiescence()
    {
        WaitFor(Mark());
    }

    /// <summary>
    /// Waits until every operation has ended that was under way when a mark was given. The caller
    /// must not be inside one.
    /// </summary>
    public static void WaitFor(long mark)
    {
        Debug.Assert(!IsInside, "An operation would wait for itself.");
        foreach (nint address in Volatile.Read(ref s_cells))
        {
            // SAFETY: cells are never freed.
            Cell* cell = (Cell*)address;
            SpinWait spin = default;
            while (IsBefore(Volatile.Read(ref cell->Began), mark))
            {
                spin.SpinOnce(sleep1Threshold: -1);
            }
        }
    }

    /// <summary>
    /// Gives a mark for <see cref="HasPassed"/>; the caller has unpublished what it wants back.
    /// </summary>
    public static long Mark()
    {
        long mark = Interlocked.Increment(ref s_current);
        Interlocked.MemoryBarrierProcessWide();
        return mark;
    }

    /// <summary>
    /// Whether every operation has ended that was under way when a mark was given; does not wait.
    /// </summary>
    public static bool HasPassed(long mark)
    {
        foreach (nint address in Volatile.Read(ref s_cells))
        {
            // SAFETY: cells are never freed.
            if (IsBefore(Volatile.Read(ref ((Cell*)address)->Began), mark))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsBefore(long began, long mark) => began != 0 && began < mark;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Cell* Register()
    {
        lock (s_registry)
        {
            if (!s_freeCells.TryPop(out nint address))
            {
                // SAFETY: freed never; at most one cell per thread that ever ran at one time.
                address = (nint)NativeMemory.AlignedAlloc(CellBytes, CellBytes);
                NativeMemory.Clear((void*)address, CellBytes);
                Volatile.Write(ref s_cells, [.. s_cells, address]);
            }

            s_threadOwner = new CellOwner(address);
            s_threadCell = (Cell*)address;
        }

        return s_threadCell;
    }

    /// <summary>An operation under way.</summary>
    internal readonly ref struct Operation
    {
        private readonly Cell* _cell;

        public Operation(Cell* cell) => _cell = cell;

        /// <summary>Ends the operation.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Dispose()
        {
            // SAFETY: the cell of this thread; an operation is a ref struct and stays on it.
            if (--_cell->Depth == 0)
            {
                Volatile.Write(ref _cell->Began, 0);
            }
        }
    }

    /// <summary>What a thread says of itself; only it writes here.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Cell
    {
        public long Began;
        public int Depth;
    }

    /// <summary>Gives the cell of a thread back when the thread is gone.</summary>
    private sealed class CellOwner(nint address)
    {
        ~CellOwner()
        {
            lock (s_registry)
            {
                s_freeCells.Push(address);
            }
        }
    }
}
