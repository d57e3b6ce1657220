namespace FlashKV.SimBackend;

/// <summary>A run of memory that a vectored transfer reads from or writes to.</summary>
/// <param name="Address">
/// The address of the first byte, in unmanaged or pinned memory of this process.
/// </param>
/// <param name="BlockCount">The length in blocks of 4,096 bytes, 1 to 524,287.</param>
public readonly record struct MemoryRun(nint Address, int BlockCount)
{
    /// <summary>The length in bytes.</summary>
    public int ByteCount => BlockCount * Medium.BlockBytes;

    /// <summary>Whether all runs begin at a multiple of a block, as direct I/O needs it.</summary>
    internal static bool AreAligned(ReadOnlySpan<MemoryRun> runs)
    {
        nint bits = 0;
        foreach (ref readonly MemoryRun run in runs)
        {
            bits |= run.Address;
        }

        return (bits & (Medium.BlockBytes - 1)) == 0;
    }

    /// <summary>The run's bytes.</summary>
    /// <returns>A span over the memory, valid as long as the memory itself.</returns>
    public unsafe Span<byte> AsSpan()
    {
        // SAFETY: whoever made the run vouches for Address and for ByteCount bytes behind it.
        return new Span<byte>((void*)Address, ByteCount);
    }
}
