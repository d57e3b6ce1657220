using System.Runtime.CompilerServices;

namespace FlashKV.Log;

/// <summary>
/// The segments of a shard by slot. Any thread reads; changes come one at a time, under the lock of
/// the shard's allocator. What a get needs of a segment, the address of its image, stands here a
/// second time, close together: at random a segment is a cache miss.
/// </summary>
internal sealed class SegmentTable
{
    private readonly Lock _lock = new(); // image and segment of a slot change together
    private Segment?[] _slots = [];
    private nint[] _images = [];

    /// <summary>The number of slots.</summary>
    public int Length => Volatile.Read(ref _slots).Length;

    /// <summary>The segment in a slot; null if the slot is free.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Segment? Find(int slot)
    {
        Segment?[] slots = Volatile.Read(ref _slots);
        return (uint)slot < (uint)slots.Length ? Volatile.Read(ref slots[slot]) : null;
    }

    /// <summary>The image of the segment in a slot, as <see cref="Segment.Image"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nint ImageOf(int slot)
    {
        nint[] images = Volatile.Read(ref _images);
        return (uint)slot < (uint)images.Length ? Volatile.Read(ref images[slot]) : 0;
    }

    public void Set(int slot, Segment? segment)
    {
        lock (_lock)
        {
            Volatile.Write(ref _slots[slot], segment);
            Volatile.Write(ref _images[slot], segment?.Image ?? 0);
            if (segment is not null)
            {
                segment.Table = this;
            }
        }
    }

    /// <summary>Sets the image of a segment, in itself and here.</summary>
    public void SetImage(Segment segment, ref nint image, nint value)
    {
        lock (_lock)
        {
            Volatile.Write(ref image, value);
            if (_slots[segment.Slot] == segment)
            {
                Volatile.Write(ref _images[segment.Slot], value);
            }
        }
    }

    // Who still reads the old arrays is in an operation, for whose end everyone waits who takes an
    // image away.
    public void Grow(int slots)
    {
        lock (_lock)
        {
            Segment?[] grown = new Segment?[slots];
            _slots.CopyTo(grown, 0);
            nint[] images = new nint[slots];
            _images.CopyTo(images, 0);
            Volatile.Write(ref _images, images);
            Volatile.Write(ref _slots, grown);
        }
    }

    /// <summary>The segments in use, in the order of their slots.</summary>
    public List<Segment> InUse()
    {
        var segments = new List<Segment>();
        CopyInUse(segments);
        return segments;
    }

    /// <summary>Makes a list hold the segments in use, in the order of their slots.</summary>
    public void CopyInUse(List<Segment> segments)
    {
        segments.Clear();
        foreach (Segment? segment in Volatile.Read(ref _slots))
        {
            if (segment is not null)
            {
                segments.Add(segment);
            }
        }
    }
}
