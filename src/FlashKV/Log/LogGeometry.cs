using System.Diagnostics;
using System.Numerics;

namespace FlashKV.Log;

/// <summary>
/// Where segments lie in the LUN of a shard. The LUN is cut into slots of one segment each; the
/// first block of a chunk's first slot is the chunk header, so that slot's segment starts one block
/// later. A position is a byte offset in the LUN of the shard.
/// </summary>
internal sealed class LogGeometry
{
    public const int BlockBytes = 4096;
    public const int ChunkBlocks = 65_536;
    public const long ChunkBytes = (long)ChunkBlocks * BlockBytes;

    private readonly int _segmentShift;

    public LogGeometry(int segmentBytes)
    {
        Debug.Assert(BitOperations.IsPow2(segmentBytes) && segmentBytes >= 16 * BlockBytes);
        Debug.Assert(segmentBytes <= ChunkBytes);
        SegmentBytes = segmentBytes;
        _segmentShift = BitOperations.Log2((uint)segmentBytes);
    }

    /// <summary>The bytes of a slot: a power of two.</summary>
    public int SegmentBytes { get; }

    public int SegmentBlocks => SegmentBytes / BlockBytes;

    public int SlotsPerChunk => (int)(ChunkBytes / SegmentBytes);

    /// <summary>
    /// The largest record that fits into an empty segment, with its summary entry.
    /// </summary>
    public int MaxRecordBytes =>
        SegmentBytes - (2 * BlockBytes) - SegmentFooter.SizeInBytes - SummaryFormat.EntryBytes - 16;

    public int SlotOf(long position) => (int)(position >> _segmentShift);

    public int OffsetOf(long position) => (int)(position & (SegmentBytes - 1));

    public long PositionOf(int slot, int offset) => ((long)slot << _segmentShift) + offset;

    /// <summary>The block of the LUN where the slot begins.</summary>
    public long FirstBlockOf(int slot) => (long)slot * SegmentBlocks;

    /// <summary>The offset in its slot at which a segment's header block lies.</summary>
    public int HeaderOffsetOf(int slot) => slot % SlotsPerChunk == 0 ? BlockBytes : 0;

    /// <summary>The offset in its slot at which a segment's first record lies.</summary>
    public int DataOffsetOf(int slot) => HeaderOffsetOf(slot) + BlockBytes;
}
