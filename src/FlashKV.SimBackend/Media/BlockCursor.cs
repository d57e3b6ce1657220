using System.Diagnostics;

namespace FlashKV.SimBackend;

/// <summary>
/// Walks a list of memory runs block by block, copying between them and one buffer.
/// </summary>
internal ref struct BlockCursor
{
    private readonly ReadOnlySpan<MemoryRun> _runs;
    private int _run;
    private int _blockInRun;

    internal BlockCursor(ReadOnlySpan<MemoryRun> runs)
    {
        _runs = runs;
        RemainingBlocks = Medium.TotalBlocks(runs);
    }

    /// <summary>The blocks not yet copied.</summary>
    internal long RemainingBlocks { get; private set; }

    /// <summary>Whether all blocks have been copied.</summary>
    internal readonly bool IsAtEnd => RemainingBlocks == 0;

    /// <summary>Copies the next blocks of the runs into a buffer, as many as fit.</summary>
    /// <param name="buffer">A whole number of blocks.</param>
    /// <returns>The number of blocks copied.</returns>
    internal int CopyOut(Span<byte> buffer)
    {
        int copied = 0;
        while (!buffer.IsEmpty && !IsAtEnd)
        {
            Span<byte> part = NextPart(buffer.Length);
            part.CopyTo(buffer);
            buffer = buffer[part.Length..];
            copied += part.Length / Medium.BlockBytes;
        }

        return copied;
    }

    /// <summary>Copies a buffer into the next blocks of the runs.</summary>
    /// <param name="buffer">A whole number of blocks, not more than remain.</param>
    internal void CopyIn(ReadOnlySpan<byte> buffer)
    {
        Debug.Assert(buffer.Length / Medium.BlockBytes <= RemainingBlocks, "room in the runs");
        while (!buffer.IsEmpty)
        {
            Span<byte> part = NextPart(buffer.Length);
            buffer[..part.Length].CopyTo(part);
            buffer = buffer[part.Length..];
        }
    }

    private Span<byte> NextPart(int bytes)
    {
        MemoryRun run = _runs[_run];
        int blocks = Math.Min(run.BlockCount - _blockInRun, bytes / Medium.BlockBytes);
        Span<byte> part = run.AsSpan().Slice(
            _blockInRun * Medium.BlockBytes, blocks * Medium.BlockBytes);
        _blockInRun += blocks;
        RemainingBlocks -= blocks;
        if (_blockInRun == run.BlockCount)
        {
            _run++;
            _blockInRun = 0;
        }

        return part;
    }
}
