using FlashKV.Log;

namespace FlashKV.Shards;

/// <summary>The room that the records of a batch need in one shard.</summary>
internal readonly record struct BatchRoom(LogGeometry Geometry)
{
    /// <summary>The bytes of the records with their summary entries.</summary>
    public long Bytes { get; private init; }

    /// <summary>The empty segments that they need, filled one after the other.</summary>
    public int Segments { get; private init; }

    private int Free { get; init; }

    /// <summary>The room with one more record.</summary>
    public BatchRoom With(int recordBytes)
    {
        int bytes = recordBytes + SummaryFormat.EntryBytes;
        bool fits = bytes <= Free;
        return this with
        {
            Bytes = Bytes + bytes,
            Segments = Segments + (fits ? 0 : 1),
            Free = (fits ? Free : Geometry.MaxRecordBytes + SummaryFormat.EntryBytes) - bytes,
        };
    }
}
