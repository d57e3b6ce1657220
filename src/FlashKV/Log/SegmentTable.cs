using System.Runtime.CompilerServices;

namespace FlashKV.Log;

/// <summary>
/// The segments of a shard by slot. Any thread reads; changes come one at a time, under the lock of
/// the shard's allocator.
/// </summary>
internal sealed class SegmentTable
{
    private Segment?[] _slots = [];

    /// <summary>The number of slots.</summary>
    public int Length => Volatile.Read(ref _slots).Length;

    /// <summary>The segment in a slot; null if the slot is free.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Segment? Find(int slot)
    {
        Segment?[] slots = Volatile.Read(ref _slots);
        return (uint)slot < (uint)slots.Length ? Volatile.Read(ref slots[slot]) : null;
    }

    public void Set(int slot, Segment? segment) => Volatile.Write(ref _slots[slot], segment);

    public void Grow(int slots)
    {
        Segment?[] grown = new Segment?[slots];
        _slots.CopyTo(grown, 0);
        Volatile.Write(ref _slots, grown);
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
