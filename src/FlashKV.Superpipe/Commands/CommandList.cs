using System.Diagnostics;

namespace FlashKV.Superpipe.Commands;

/// <summary>
/// A first-in-first-out list of command blocks that one thread owns, linked through their states.
/// </summary>
internal unsafe struct CommandList
{
    private int _head;
    private int _tail;

    internal int Count { get; private set; }

    /// <summary>The first block. Only of a list that is not empty.</summary>
    internal readonly int Head => _head;

    internal void Append(CommandMemory memory, int index)
    {
        // SAFETY: the indices in a list are of blocks that this thread has claimed.
        memory.State(index)->Next = -1;
        if (Count == 0)
            _head = index;
        else
            memory.State(_tail)->Next = index;
        _tail = index;
        Count++;
    }

    internal int Pop(CommandMemory memory)
    {
        Debug.Assert(Count > 0, "Popped an empty list.");

        int index = _head;
        // SAFETY: as in Append.
        _head = memory.State(index)->Next;
        Count--;
        return index;
    }
}
