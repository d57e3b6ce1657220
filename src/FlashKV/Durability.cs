namespace FlashKV;

/// <summary>When a write counts as done. See docs/durability.md.</summary>
public enum Durability
{
    /// <summary>
    /// Done when it is on stable storage: it survives a power cut. Writers that wait at the same
    /// time share one flush.
    /// </summary>
    Durable,

    /// <summary>
    /// Done when it is in the mapped staging file: it survives the death of the process at any
    /// instruction, and is on stable storage <see cref="FlashStoreOptions.FlushInterval"/> later or
    /// after a flush. A power cut before that loses it.
    /// </summary>
    Buffered,
}
