using System.Text;

namespace FlashKV;

/// <summary>A place in a store that is not what was written there, and what is lost by it.</summary>
public sealed record class SalvageLoss
{
    /// <summary>The file, if it is not the device; else null.</summary>
    public string? File { get; init; }

    /// <summary>The shard; -1 if the place belongs to none.</summary>
    public int Shard { get; init; } = -1;

    /// <summary>
    /// The block, counted from 0 in the LUN of the shard; without a shard, on the device; -1 in a
    /// file.
    /// </summary>
    public long Lba { get; init; } = -1;

    /// <summary>The id of the segment that it is in; 0 if it is in none.</summary>
    public long SegmentId { get; init; }

    /// <summary>The field that is wrong.</summary>
    public required string Field { get; init; }

    /// <summary>What it should be.</summary>
    public required string Expected { get; init; }

    /// <summary>What it is.</summary>
    public required string Found { get; init; }

    /// <summary>
    /// How many keys have lost their newest record here: they are missing, or have an older value.
    /// Null if that cannot be known. 0 if all that was here is known from elsewhere.
    /// </summary>
    public long? Records { get; init; } = 0;

    /// <summary>Those of the keys that are known.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Keys { get; init; } = [];

    /// <summary>The place, the field, what was expected and what was found.</summary>
    /// <returns>One line without the keys.</returns>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(File is not null ? $"file '{File}'" : Place());
        text.Append(": ").Append(Field).Append(" should be ").Append(Expected);
        return text.Append(" but is ").Append(Found).ToString();
    }

    private string Place() => Shard < 0
        ? $"device, block {Lba}"
        : SegmentId == 0
            ? $"shard {Shard}, block {Lba}"
            : $"shard {Shard}, block {Lba}, segment {SegmentId}";
}
