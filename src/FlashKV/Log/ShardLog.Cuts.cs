using FlashKV.Memory;

namespace FlashKV.Log;

/// <summary>What a clone needs of the log: how far it went at the cut, on stable storage.</summary>
internal sealed partial class ShardLog
{
    /// <summary>
    /// Says how far the records of segments go. Nobody writes to the shard or compacts it
    /// meanwhile.
    /// </summary>
    public SegmentExtent[] ExtentsOf(List<Segment> segments)
    {
        using Epoch.Operation operation = Epoch.Enter();
        return [.. segments.Select(ExtentOf)];
    }

    /// <summary>
    /// Returns when everything within the extents is on the device. The caller is not inside an
    /// operation.
    /// </summary>
    /// <exception cref="StoreFaultedException">The store failed before, or fails now.</exception>
    public void FlushTo(IReadOnlyList<SegmentExtent> extents)
    {
        foreach (SegmentExtent extent in extents)
        {
            while (!extent.IsSealed && extent.Segment.State == SegmentState.Staged
                && extent.Segment.FlushedTo < extent.End)
            {
                AdvanceFlush();
            }
        }
    }

    // Whoever seals it takes the image away once footer and summary are on the device.
    private SegmentExtent ExtentOf(Segment segment)
    {
        nint image = segment.Image;
        if (segment.State != SegmentState.Staged || image == 0)
        {
            return new SegmentExtent(segment, 0);
        }

        NativeRegion data = new(image, _geometry.SegmentBytes);
        int end = Math.Max(segment.FlushedTo, _geometry.DataOffsetOf(segment.Slot));
        while (end <= data.Length - sizeof(long))
        {
            long word = Volatile.Read(ref data.Word(end));
            if (RecordFormat.StateOfWord(word) is not (RecordState.Committed or RecordState.Dead))
            {
                break;
            }

            end += RecordFormat.SizeOfWord(word);
        }

        return new SegmentExtent(segment, end);
    }
}
