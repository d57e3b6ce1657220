using System.Runtime.InteropServices;
using FlashKV.SimBackend;
using FlashKV.Superpipe;

namespace FlashKV.Workloads.Rooms;

/// <summary>What cannot be saved: copies of the medium's own memory, in the same random order.</summary>
/// <param name="medium">The medium.</param>
/// <param name="seed">The order.</param>
/// <param name="among">So many blocks from the medium's first on.</param>
internal sealed unsafe class BareCopy(MemoryMedium medium, int seed, int among)
{
    private const int MaxBatch = 64;

    private readonly nint[] _sources =
        [.. RoomsClient.RandomBlocks(seed, among).Select(block => medium.AddressOf(block))];

    private long _sum;

    /// <summary>Copies random blocks and looks at each.</summary>
    /// <param name="count">How many.</param>
    /// <param name="batchSize">Into how many buffers in turn: 1 to 64.</param>
    public void Read(int count, int batchSize)
    {
        // SAFETY: as many blocks as are used; freed before the method returns.
        byte* buffers = (byte*)NativeMemory.AlignedAlloc(MaxBatch * Lun.BlockSize, Lun.BlockSize);
        for (int done = 0; done < count; done += batchSize)
        {
            for (int i = 0; i < batchSize; i++)
            {
                // SAFETY: a block of the medium, which outlives this, and a block of the buffers.
                Buffer.MemoryCopy(
                    (void*)_sources[(done + i) & (_sources.Length - 1)],
                    buffers + (i * Lun.BlockSize),
                    Lun.BlockSize,
                    Lun.BlockSize);
            }

            for (int i = 0; i < batchSize; i++)
            {
                _sum += *(long*)(buffers + (i * Lun.BlockSize));
            }
        }

        NativeMemory.AlignedFree(buffers);
    }
}
