using FlashKV.Superpipe.Abi;

namespace FlashKV.Superpipe.Commands;

/// <summary>
/// The producer's end of the submission ring (SQ mode). Slots are taken, filled and published in
/// order, by one thread at a time; the section copies at most a batch of 64-byte commands and waits
/// for nothing.
/// </summary>
/// <remarks>
/// The ring has one slot more than there are command blocks, so a free slot is always there.
/// </remarks>
internal sealed unsafe class SubmissionQueue
{
    private readonly CommandMemory _memory;
    private int _next;
    private int _producer;

    internal SubmissionQueue(CommandMemory memory) => _memory = memory;

    /// <summary>The address of the first slot.</summary>
    internal ulong Start => _memory.SubmissionRing;

    /// <summary>The address of the last slot.</summary>
    internal ulong End => (ulong)_memory.Slot(_memory.SlotCount - 1);

    /// <summary>The value of sq_tail: the slot after the newest command.</summary>
    internal ulong Tail => (ulong)_memory.Slot(_next);

    internal void Enter()
    {
        SpinWait spin = default;
        while (Interlocked.CompareExchange(ref _producer, 1, 0) != 0)
            spin.SpinOnce(sleep1Threshold: -1);
    }

    internal void Exit() => Volatile.Write(ref _producer, 0);

    /// <summary>Copies a command into the next slot. Only between Enter and Exit.</summary>
    internal void Append(SislIoarcb* command)
    {
        // SAFETY: _next is below SlotCount; the slot's last command has been fetched, since fewer
        // commands than slots are outstanding.
        *_memory.Slot(_next) = *command;
        _next = _next + 1 == _memory.SlotCount ? 0 : _next + 1;
    }

    /// <summary>Starts again at the first slot of the zeroed ring.</summary>
    internal void Restart() => _next = 0;
}
