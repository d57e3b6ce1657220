using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FlashKV.SimBackend;

/// <summary>
/// A medium in unmanaged memory. Memory is taken when blocks are first written and given back when
/// they are discarded; the content is gone after <see cref="Medium.Dispose()"/>.
/// </summary>
/// <remarks>
/// Nothing here is stable storage: force unit access and flush return at once. When the process can
/// get no more memory, a write ends with <see cref="MediumStatus.OutOfSpace"/>.
/// </remarks>
public sealed unsafe class MemoryMedium : Medium
{
    private readonly MemoryPieces _pieces;

    /// <summary>Makes a medium that reads as zeros.</summary>
    /// <param name="blockCount">The capacity in blocks of 4,096 bytes, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is out of range.</exception>
    public MemoryMedium(long blockCount)
        : base(blockCount)
    {
        _pieces = new MemoryPieces(blockCount * BlockBytes);
    }

    /// <inheritdoc/>
    internal override bool GainsByMerging => false;

    /// <summary>The memory taken for written blocks so far, in bytes.</summary>
    public long AllocatedBytes => _pieces.AllocatedBytes;

    /// <summary>
    /// The address of a block, for measuring against; 0 while it has never been written.
    /// </summary>
    internal nint AddressOf(long block) => _pieces.Find(block * BlockBytes);

    /// <inheritdoc/>
    internal override void Expect(long block) => BlockCopy.Prefetch(AddressOf(block));

    /// <inheritdoc/>
    internal override void Execute(
        Span<MediumTransfer> transfers, ReadOnlySpan<MemoryRun> runs)
    {
        for (int i = 0; i < transfers.Length; i++)
        {
            // While one block is copied, the next begins to come.
            if (i + 1 < transfers.Length && transfers[i + 1].Operation == MediumOperation.Read)
            {
                BlockCopy.PrefetchStart(AddressOf(transfers[i + 1].Block));
            }

            transfers[i].Status = ExecuteOne(in transfers[i], runs);
        }
    }

    /// <inheritdoc/>
    protected override MediumStatus ReadCore(long block, ReadOnlySpan<MemoryRun> runs)
    {
        long offset = block * BlockBytes;
        foreach (ref readonly MemoryRun run in runs)
        {
            ReadRun(offset, (byte*)run.Address, run.ByteCount);
            offset += run.ByteCount;
        }

        return MediumStatus.Good;
    }

    /// <inheritdoc/>
    protected override MediumStatus WriteCore(
        long block, ReadOnlySpan<MemoryRun> runs, bool forceUnitAccess)
    {
        long offset = block * BlockBytes;
        foreach (ref readonly MemoryRun run in runs)
        {
            if (!WriteRun(offset, (byte*)run.Address, run.ByteCount))
            {
                return MediumStatus.OutOfSpace;
            }

            offset += run.ByteCount;
        }

        return MediumStatus.Good;
    }

    /// <inheritdoc/>
    protected override MediumStatus DiscardCore(long block, long blockCount)
    {
        long offset = block * BlockBytes;
        long end = offset + (blockCount * BlockBytes);
        while (offset < end)
        {
            int part = PartInPiece(offset, end - offset);
            _pieces.Clear(offset, part);
            offset += part;
        }

        return MediumStatus.Good;
    }

    /// <inheritdoc/>
    protected override MediumStatus FlushCore() => MediumStatus.Good;

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _pieces.Dispose();
        }

        base.Dispose(disposing);
    }

    private void ReadRun(long offset, byte* destination, int bytes)
    {
        while (bytes > 0)
        {
            int part = PartInPiece(offset, bytes);
            nint source = _pieces.Find(offset);

            // SAFETY: part stays inside one piece and inside the run, which the caller vouches for.
            if (source == 0)
            {
                NativeMemory.Clear(destination, (nuint)part);
            }
            else
            {
                BlockCopy.Load(destination, (byte*)source, part);
            }

            offset += part;
            destination += part;
            bytes -= part;
        }
    }

    private bool WriteRun(long offset, byte* source, int bytes)
    {
        while (bytes > 0)
        {
            int part = PartInPiece(offset, bytes);
            nint destination = _pieces.FindOrAllocate(offset);
            if (destination == 0)
            {
                return false;
            }

            // SAFETY: part stays inside one piece and inside the run, which the caller vouches for.
            BlockCopy.Store((byte*)destination, source, part);
            offset += part;
            source += part;
            bytes -= part;
        }

        return true;
    }

    private static int PartInPiece(long offset, long bytes)
    {
        Debug.Assert(bytes > 0, "an empty part would never end a loop");
        return (int)Math.Min(bytes, MemoryPieces.PieceBytes - (offset % MemoryPieces.PieceBytes));
    }
}
