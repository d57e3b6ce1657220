using FlashKV.Log;
using FlashKV.Memory;

namespace FlashKV.Compaction;

/// <summary>
/// A segment out of which a compaction moves what is live, and how far it has come. A compaction
/// goes on in small steps, so who takes the next one finds all of it here.
/// </summary>
internal sealed class Victim(Segment segment, bool keepsTombstones)
{
    private PooledBuffer _copy;

    public Segment Segment { get; } = segment;

    /// <summary>Whether an older segment may hold what its tombstones hide.</summary>
    public bool KeepsTombstones { get; } = keepsTombstones;

    /// <summary>The number of the record to look at next.</summary>
    public int Next { get; set; }

    public bool IsDone => Next == Segment.Footer.RecordCount;

    /// <summary>The segment that the last copy went to; null if nothing was copied.</summary>
    public Segment? LastCopy { get; set; }

    /// <summary>The offset behind the last copy.</summary>
    public int LastCopyEnd { get; set; }

    /// <summary>Whether its summary was checked.</summary>
    public bool IsChecked { get; set; }

    /// <summary>
    /// The bytes of its slot: those that readers use, or else a copy that was read from the device;
    /// empty if there is neither. Valid inside an operation.
    /// </summary>
    public NativeRegion Image(int segmentBytes)
    {
        nint image = Segment.Image;
        return image != 0 ? new NativeRegion(image, segmentBytes)
            : _copy.Length != 0 ? _copy.Region.Slice(0, segmentBytes)
            : default;
    }

    /// <summary>Hands over a copy of its bytes.</summary>
    public void Keep(PooledBuffer copy)
    {
        _copy.Dispose();
        _copy = copy;
    }

    /// <summary>Gives the copy of its bytes back.</summary>
    public void Release() => Keep(default);
}
