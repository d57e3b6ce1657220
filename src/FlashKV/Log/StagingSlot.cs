using System.Buffers.Binary;
using System.Diagnostics;
using FlashKV.Memory;

namespace FlashKV.Log;

/// <summary>
/// A piece of the mapped staging file that holds the bytes of one unsealed segment, and how far
/// they have come. Its header survives the process, so that the next one knows whose bytes these
/// are. See docs/formats.md, "Staging".
/// </summary>
internal sealed class StagingSlot
{
    public const int HeaderBytes = LogGeometry.BlockBytes;

    private const int StateOffset = 0;
    private const int HeaderCopyOffset = LogGeometry.BlockBytes / 2;
    private const long InUse = 0x4553_5549; // "IUSE"

    private readonly NativeRegion _header;

    public StagingSlot(NativeRegion header, NativeRegion data)
    {
        _header = header;
        Data = data;
    }

    /// <summary>The number of the slot among those of its tail.</summary>
    public int Ordinal { get; set; }

    /// <summary>The bytes of the segment, in the places they have in the LUN.</summary>
    public NativeRegion Data { get; }

    /// <summary>The segment that is staged here; null while the slot is free.</summary>
    public Segment? Segment { get; private set; }

    /// <summary>What the flusher knows; used only by who holds the flush gate.</summary>
    public StagingProgress Progress { get; } = new();

    /// <summary>Whether the bytes belong to a segment, as the mapped header says.</summary>
    public bool IsInUse => Volatile.Read(ref _header.Word(StateOffset)) == InUse;

    /// <summary>Makes the slot, whose bytes are zeros, the place of a new segment.</summary>
    public void Activate(Segment segment, int headerOffset)
    {
        Debug.Assert(!IsInUse && Segment is null);
        segment.Header.WriteBlock(Data.Span(headerOffset, LogGeometry.BlockBytes));
        segment.Header.Write(_header.Span(HeaderCopyOffset, LogGeometry.BlockBytes / 2));
        Adopt(segment, headerOffset);
        Step.Reached("named");

        // From here on the next process takes the bytes for the segment's.
        Volatile.Write(ref _header.Word(StateOffset), InUse);
        Step.Reached("in use");
    }

    /// <summary>Takes up a segment whose bytes an earlier process left here.</summary>
    public void Adopt(Segment segment, int headerOffset)
    {
        Segment = segment;
        segment.State = SegmentState.Staged;
        segment.Image = Data.Address;
        Progress.Reset(headerOffset);
    }

    /// <summary>Reads whose bytes these are.</summary>
    public bool TryReadHeader(out SegmentHeader header) =>
        SegmentHeader.TryRead(
            _header.Span(HeaderCopyOffset, LogGeometry.BlockBytes / 2), out header);

    /// <summary>Whether a slot's header block, read from the file, says that it is in use.</summary>
    public static bool IsInUseIn(ReadOnlySpan<byte> block) =>
        BinaryPrimitives.ReadInt64LittleEndian(block) == InUse;

    /// <summary>Reads whose bytes a slot has from its header block.</summary>
    public static bool TryReadHeader(ReadOnlySpan<byte> block, out SegmentHeader header) =>
        SegmentHeader.TryRead(block[HeaderCopyOffset..], out header);

    /// <summary>
    /// Frees the slot and clears its bytes. Nobody may look at them any more, and all of them are
    /// on the device or of no use.
    /// </summary>
    public void Clear()
    {
        Volatile.Write(ref _header.Word(StateOffset), 0);
        Segment = null;
        Step.Reached("unused");
        ClearBytes(Data.Span(0, Data.Length));
        Step.Reached("cleared");
    }

    // Most of what an opening clears is clear already. To look at a page of the file is much less
    // than to write to it, which has the system copy it to disk as well.
    private static void ClearBytes(Span<byte> bytes)
    {
        for (; !bytes.IsEmpty; bytes = bytes[LogGeometry.BlockBytes..])
        {
            Span<byte> block = bytes[..LogGeometry.BlockBytes];
            if (block.ContainsAnyExcept((byte)0))
            {
                block.Clear();
            }
        }
    }
}
