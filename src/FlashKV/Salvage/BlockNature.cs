using FlashKV.Log;

namespace FlashKV.Salvage;

/// <summary>Says what stands in a damaged place, where that can be told.</summary>
internal static class BlockNature
{
    private const string Zeros = "zeros";

    /// <summary>What a block is.</summary>
    public static string Of(ReadOnlySpan<byte> block) =>
        !block.ContainsAnyExcept((byte)0) ? Zeros
            : SegmentHeader.TryReadBlock(block, out SegmentHeader header, out _)
                ? $"the header of segment {header.SegmentId} of shard {header.Shard}"
                : ChunkHeader.TryRead(block, out ChunkHeader chunk)
                    ? $"the header of chunk {chunk.Ordinal} of shard {chunk.Shard}"
                    : "damaged";

    /// <summary>
    /// What is wrong with a piece of a segment: a block of zeros, or one that stands in another
    /// place of the segment as well and so was written to the wrong one.
    /// </summary>
    /// <param name="image">The bytes of the segment.</param>
    /// <param name="start">Where the piece begins.</param>
    /// <param name="end">Where it ends.</param>
    /// <returns>null if neither.</returns>
    public static string? InSegment(ReadOnlySpan<byte> image, int start, int end)
    {
        int first = start / LogGeometry.BlockBytes;
        int last = (Math.Max(end, start + 1) - 1) / LogGeometry.BlockBytes;
        for (int i = first; i <= last; i++)
        {
            ReadOnlySpan<byte> block = Block(image, i);
            if (!block.ContainsAnyExcept((byte)0))
            {
                return $"{Zeros} in block {i} of the segment";
            }

            if (FindTwin(image, i) is >= 0 and int twin)
            {
                return $"block {twin} of the segment in the place of block {i}";
            }
        }

        return null;
    }

    private static int FindTwin(ReadOnlySpan<byte> image, int block)
    {
        for (int i = 0; i < image.Length / LogGeometry.BlockBytes; i++)
        {
            if (i != block && Block(image, i).SequenceEqual(Block(image, block)))
            {
                return i;
            }
        }

        return -1;
    }

    private static ReadOnlySpan<byte> Block(ReadOnlySpan<byte> image, int block) =>
        image.Slice(block * LogGeometry.BlockBytes, LogGeometry.BlockBytes);
}
