using System.Diagnostics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace FlashKV.SimBackend;

/// <summary>Copies of whole blocks to and from the memory of a medium.</summary>
internal static unsafe class BlockCopy
{
    private const int LineBytes = 64;

    // The processor's own prefetching follows a quarter of a block; more brought no more.
    private const int PrefetchedBytes = 1_024;

    /// <summary>
    /// Copies into memory that will not be read soon: past the caches, which spares reading what is
    /// overwritten and keeps what is in them.
    /// </summary>
    /// <param name="destination">Aligned to a block.</param>
    /// <param name="source">Any memory.</param>
    /// <param name="bytes">A whole number of blocks.</param>
    internal static void Store(byte* destination, byte* source, int bytes)
    {
        Debug.Assert((nint)destination % Medium.BlockBytes == 0, "blocks lie on block borders");
        Debug.Assert(bytes % Medium.BlockBytes == 0, "whole blocks");
        if (!Sse.IsSupported || !Vector256.IsHardwareAccelerated)
        {
            Buffer.MemoryCopy(source, destination, bytes, bytes);
            return;
        }

        // SAFETY: the caller vouches for both ranges.
        for (int offset = 0; offset < bytes; offset += 2 * LineBytes)
        {
            Vector256<byte> v0 = Vector256.Load(source + offset);
            Vector256<byte> v1 = Vector256.Load(source + offset + 32);
            Vector256<byte> v2 = Vector256.Load(source + offset + 64);
            Vector256<byte> v3 = Vector256.Load(source + offset + 96);
            v0.StoreAlignedNonTemporal(destination + offset);
            v1.StoreAlignedNonTemporal(destination + offset + 32);
            v2.StoreAlignedNonTemporal(destination + offset + 64);
            v3.StoreAlignedNonTemporal(destination + offset + 96);
        }

        // Such stores are not ordered with the response that will announce them.
        Sse.StoreFence();
    }

    /// <summary>Copies into memory that is about to be read.</summary>
    /// <param name="destination">Any memory.</param>
    /// <param name="source">Aligned to a block.</param>
    /// <param name="bytes">A whole number of blocks.</param>
    internal static void Load(byte* destination, byte* source, int bytes)
    {
        Debug.Assert(bytes % Medium.BlockBytes == 0, "whole blocks");
        if (!Vector512.IsHardwareAccelerated)
        {
            Buffer.MemoryCopy(source, destination, bytes, bytes);
            return;
        }

        // SAFETY: the caller vouches for both ranges.
        for (int offset = 0; offset < bytes; offset += 4 * LineBytes)
        {
            Vector512<byte> v0 = Vector512.Load(source + offset);
            Vector512<byte> v1 = Vector512.Load(source + offset + LineBytes);
            Vector512<byte> v2 = Vector512.Load(source + offset + (2 * LineBytes));
            Vector512<byte> v3 = Vector512.Load(source + offset + (3 * LineBytes));
            v0.Store(destination + offset);
            v1.Store(destination + offset + LineBytes);
            v2.Store(destination + offset + (2 * LineBytes));
            v3.Store(destination + offset + (3 * LineBytes));
        }
    }

    /// <summary>Lets the first lines of a block come into the cache.</summary>
    /// <param name="block">The block; 0 does nothing.</param>
    internal static void PrefetchStart(nint block) => Prefetch(block, PrefetchedBytes);

    /// <summary>Lets a whole block come into the cache.</summary>
    /// <param name="block">The block; 0 does nothing.</param>
    internal static void Prefetch(nint block) => Prefetch(block, Medium.BlockBytes);

    private static void Prefetch(nint block, int bytes)
    {
        if (!Sse.IsSupported || block == 0)
        {
            return;
        }

        // SAFETY: a prefetch touches no memory that a load could not, and never faults.
        byte* line = (byte*)block;
        for (int offset = 0; offset < bytes; offset += LineBytes)
        {
            Sse.Prefetch0(line + offset);
        }
    }
}
