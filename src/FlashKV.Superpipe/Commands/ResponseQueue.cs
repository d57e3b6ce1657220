using FlashKV.Superpipe.Abi;

namespace FlashKV.Superpipe.Commands;

/// <summary>
/// The consumer's end of the response ring. One thread at a time: the holder of the harvester role.
/// </summary>
internal sealed unsafe class ResponseQueue
{
    private readonly CommandMemory _memory;
    private ulong* _entries;
    private int _cursor;
    private ulong _toggle;
    private int _ring;

    internal ResponseQueue(CommandMemory memory)
    {
        _memory = memory;
        Restart(0);
    }

    /// <summary>The address of the first entry.</summary>
    internal ulong Start => (ulong)_entries;

    /// <summary>The entries taken since the ring was begun.</summary>
    internal long Consumed { get; private set; }

    /// <summary>The address of the last entry.</summary>
    internal ulong End => Start + (ulong)((_memory.Count - 1) * SislRrq.EntrySizeInBytes);

    /// <summary>
    /// Whether there seems to be a new entry. Any thread may ask; it may be wrong while another
    /// thread drains, but not for good.
    /// </summary>
    internal bool SeemsNew =>
        SislRrq.Toggle(Volatile.Read(ref _entries[Volatile.Read(ref _cursor)]))
            == Volatile.Read(ref _toggle);

    /// <summary>
    /// The next new entry, which <see cref="Advance"/> then consumes; or an entry of all ones,
    /// which a lost adapter leaves and which must not be consumed.
    /// </summary>
    internal bool TryPeek(out ulong entry)
    {
        // SAFETY: the cursor is below Count. The entry is read with acquire semantics: the AFU
        // writes the IOASA before it, and so reads of the IOASA that follow see it whole.
        entry = Volatile.Read(ref _entries[_cursor]);
        return SislRrq.Toggle(entry) == _toggle;
    }

    internal void Advance()
    {
        Consumed++;

        // One store, so that the cursor is never seen outside of the ring.
        int next = _cursor + 1;
        if (next == _memory.Count)
        {
            next = 0;
            _toggle ^= SislRrq.ToggleBit;
        }

        Volatile.Write(ref _cursor, next);
    }

    /// <summary>Starts again on the other, zeroed ring.</summary>
    internal void Switch() => Restart(1 - _ring);

    private void Restart(int ring)
    {
        _ring = ring;
        _memory.ClearRings(ring);
        _entries = _memory.ResponseRing(ring);
        _cursor = 0;
        Consumed = 0;
        _toggle = SislRrq.FirstToggle;
    }
}
