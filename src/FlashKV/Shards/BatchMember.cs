using FlashKV.Log;

namespace FlashKV.Shards;

/// <summary>An operation of a batch on its way into the log and the index.</summary>
internal struct BatchMember
{
    /// <summary>The operation.</summary>
    public BatchOperation Operation { get; init; }

    /// <summary>Whether another key of the batch has the same hash.</summary>
    public bool CollidesInBatch { get; init; }

    /// <summary>The bytes of its record.</summary>
    public int Size { get; init; }

    /// <summary>Where its key stands; known once it was looked up.</summary>
    public KeyPlace Place { get; set; }

    /// <summary>Its record; meaningless while it is not claimed.</summary>
    public TailClaim Claim { get; set; }

    /// <summary>Whether there is nothing to do: a delete of a key that is not there.</summary>
    public readonly bool IsIdle => Operation.IsDelete && !Place.Exists;

    /// <summary>Whether the index gets an entry for a key that it does not have.</summary>
    public readonly bool Inserts => !Operation.IsDelete && !Place.Exists;

    /// <summary>What its record is.</summary>
    public readonly RecordFlags Flags =>
        (Operation.IsDelete ? RecordFlags.Tombstone : RecordFlags.None)
        | (Place.Collides || CollidesInBatch ? RecordFlags.HashCollision : RecordFlags.None);
}
