using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.ConstrainedExecution;
using System.Runtime.InteropServices;
using FlashKV.Superpipe.Abi;

namespace FlashKV.Superpipe.Commands;

/// <summary>
/// All memory of a context that the AFU reads or writes, and the client's states beside it, in one
/// unmanaged block that is touched once and kept: command blocks, two response rings, the
/// submission ring, a block of zeros.
/// </summary>
/// <remarks>
/// A command block is an IOARCB and, directly behind it, its IOASA: 128 bytes, aligned to 128.
/// Two response rings, because after a recovery a late write of the lost adapter must not land
/// where the next one answers.
/// </remarks>
internal sealed unsafe class CommandMemory : CriticalFinalizerObject, IDisposable
{
    internal const int MinCount = 8;
    internal const int MaxCount = 8192;

    /// <summary>IOARCB and IOASA.</summary>
    internal const int BlockSizeInBytes = SislIoarcb.SizeInBytes + SislIoasa.SizeInBytes;

    private const int PageSize = 4096;

    private readonly byte* _base;
    private readonly byte* _blocks;
    private readonly byte* _states;
    private readonly byte* _responseRings;
    private readonly byte* _submissionRing;
    private readonly byte* _zeros;
    private readonly int _responseRingBytes;
    private int _freed;

    internal CommandMemory(int count)
    {
        Debug.Assert(BitOperations.IsPow2(count), "Not a power of two.");
        Debug.Assert(count is >= MinCount and <= MaxCount, "Count out of range.");

        Count = count;
        _responseRingBytes = Align(count * SislRrq.EntrySizeInBytes, PageSize);
        int blockBytes = Align(count * BlockSizeInBytes, PageSize);
        int stateBytes = Align(count * CommandState.SizeInBytes, PageSize);
        int submissionBytes = Align(SlotCount * SislIoarcb.SizeInBytes, PageSize);
        nuint length = (nuint)(blockBytes + stateBytes + (2 * _responseRingBytes)
            + submissionBytes + PageSize);

        // SAFETY: the parts follow one another in one allocation of their summed lengths, each a
        // whole number of pages, so every part is aligned to a page.
        _base = (byte*)NativeMemory.AlignedAlloc(length, PageSize);
        NativeMemory.Clear(_base, length);
        _blocks = _base;
        _states = _blocks + blockBytes;
        _responseRings = _states + stateBytes;
        _submissionRing = _responseRings + (2 * _responseRingBytes);
        _zeros = _submissionRing + submissionBytes;
    }

    ~CommandMemory() => Free();

    /// <summary>The number of command blocks and of response entries; a power of two.</summary>
    internal int Count { get; }

    /// <summary>
    /// Slots of the submission ring: one more than commands, because a full ring would look empty.
    /// </summary>
    internal int SlotCount => Count + 1;

    /// <summary>4,096 bytes of zeros, the data of WRITE SAME.</summary>
    internal nint Zeros => (nint)_zeros;

    /// <summary>The address of the first submission slot.</summary>
    internal ulong SubmissionRing => (ulong)_submissionRing;

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    /// <summary>The IOARCB of a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal SislIoarcb* Ioarcb(int index)
    {
        Debug.Assert((uint)index < (uint)Count, "Block out of range.");

        // SAFETY: index is below Count; the memory lives until Dispose, which waits for all users.
        return (SislIoarcb*)(_blocks + ((nint)index * BlockSizeInBytes));
    }

    /// <summary>The IOASA of a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal SislIoasa* Ioasa(int index) => (SislIoasa*)(Ioarcb(index) + 1);

    /// <summary>The client's state of a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal CommandState* State(int index)
    {
        Debug.Assert((uint)index < (uint)Count, "Block out of range.");

        // SAFETY: as in Ioarcb.
        return (CommandState*)(_states + ((nint)index * CommandState.SizeInBytes));
    }

    /// <summary>
    /// The block whose IOARCB lies at an address that the AFU gave; -1 when there is none.
    /// </summary>
    internal int IndexOf(ulong address)
    {
        ulong offset = address - (ulong)_blocks;
        return offset < (ulong)Count * BlockSizeInBytes && offset % BlockSizeInBytes == 0
            ? (int)(offset / BlockSizeInBytes)
            : -1;
    }

    /// <summary>The entries of one of the two response rings.</summary>
    internal ulong* ResponseRing(int ring)
    {
        Debug.Assert(ring is 0 or 1, "There are two rings.");

        // SAFETY: both rings lie within the allocation.
        return (ulong*)(_responseRings + (ring * _responseRingBytes));
    }

    /// <summary>A slot of the submission ring.</summary>
    internal SislIoarcb* Slot(int index)
    {
        Debug.Assert((uint)index < (uint)SlotCount, "Slot out of range.");

        // SAFETY: index is below SlotCount.
        return (SislIoarcb*)_submissionRing + index;
    }

    /// <summary>
    /// Zeroes a response ring and the submission ring, before the AFU is told of them.
    /// </summary>
    internal void ClearRings(int ring)
    {
        // SAFETY: lengths are those of the allocation; the AFU does not use the rings now.
        NativeMemory.Clear(ResponseRing(ring), (nuint)_responseRingBytes);
        NativeMemory.Clear(_submissionRing, (nuint)(SlotCount * SislIoarcb.SizeInBytes));
    }

    private static int Align(int length, int alignment) =>
        (length + alignment - 1) & ~(alignment - 1);

    private void Free()
    {
        if (Interlocked.Exchange(ref _freed, 1) == 0)
            NativeMemory.AlignedFree(_base);
    }
}
