using System.Diagnostics;
using FlashKV.Index;
using FlashKV.Log;

namespace FlashKV.Recovery;

/// <summary>One record that recovery found, in 24 bytes: there are many of them.</summary>
internal readonly struct RecoveredRecord
{
    private const RecordFlags Kept = RecordFlags.Tombstone | RecordFlags.HashCollision;
    private const int FlagsBits = 4;
    private const int SizeBits = 64 - FlagsBits - IndexEntry.AddressBits;
    private const int PositionShift = FlagsBits + SizeBits;
    private const ulong SizeMask = (1UL << SizeBits) - 1;

    // From the top: position and size in units of 8 bytes, flags.
    private readonly ulong _place;

    /// <summary>Describes a record.</summary>
    /// <param name="hash">The hash of its key.</param>
    /// <param name="sequence">Its sequence number.</param>
    /// <param name="position">Its position in the LUN of the shard.</param>
    /// <param name="size">Its size in bytes.</param>
    /// <param name="flags">What it is; of these, what recovery asks for is kept.</param>
    public RecoveredRecord(
        ulong hash, ulong sequence, long position, int size, RecordFlags flags)
    {
        Debug.Assert(position <= IndexEntry.MaxAddress && position % RecordFormat.Alignment == 0);
        Debug.Assert(size >> 3 <= (int)SizeMask && size % RecordFormat.Alignment == 0);
        Hash = hash;
        Sequence = sequence;
        _place = (ulong)position / RecordFormat.Alignment << PositionShift
            | (ulong)size / RecordFormat.Alignment << FlagsBits
            | (ulong)(flags & Kept);
    }

    /// <summary>The hash of its key.</summary>
    public ulong Hash { get; }

    /// <summary>Its sequence number: the newest record of a key has the highest.</summary>
    public ulong Sequence { get; }

    /// <summary>Its position in the LUN of the shard.</summary>
    public long Position => (long)(_place >> PositionShift) * RecordFormat.Alignment;

    /// <summary>Its size in bytes.</summary>
    public int Size => (int)(_place >> FlagsBits & SizeMask) * RecordFormat.Alignment;

    /// <summary>Whether its key is deleted.</summary>
    public bool IsTombstone => (_place & (ulong)RecordFlags.Tombstone) != 0;

    /// <summary>Whether another key has its hash, or had when it was written.</summary>
    public bool Collides => (_place & (ulong)RecordFlags.HashCollision) != 0;

    /// <summary>What the index has of it.</summary>
    public IndexEntry Entry => IndexEntry.Create(Position, SizeClass.FromLength(Size));
}
