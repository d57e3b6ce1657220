using System.Diagnostics;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// The commands of a lane whose transfers a medium has under way: they were started, the lane was
/// left, and whoever enters it next collects what has ended.
/// </summary>
/// <remarks>
/// A lane has transfers of one medium under way at a time, in a queue that the medium lends it for
/// as long. What is for another medium meanwhile is executed at once.
/// </remarks>
internal sealed class CommandsUnderWay
{
    /// <summary>The commands that one lane can have under way.</summary>
    internal const int Capacity = 1_024;

    // What ends together is answered together, but not so much that its first command waits long.
    private const int EndsAtOnce = 64;
    private const int None = -1;

    private readonly AfuCommand[] _commands;
    private readonly int[] _next;
    private readonly AfuCommand[] _ended;
    private readonly TransferEnd[] _ends = new TransferEnd[EndsAtOnce];
    private TransferQueue? _queue;
    private Medium? _medium;
    private int _free;
    private int _count;

    internal CommandsUnderWay(int capacity)
    {
        _commands = new AfuCommand[capacity];
        _ended = new AfuCommand[capacity];
        _next = new int[capacity];
        for (int i = 0; i < capacity; i++)
        {
            _next[i] = i + 1 == capacity ? None : i + 1;
        }
    }

    /// <summary>The number of commands; any thread may look.</summary>
    internal int Count => Volatile.Read(ref _count);

    /// <summary>Medium transfers that were made to repeat a merged one piece by piece.</summary>
    internal long RepeatedTransfers { get; private set; }

    /// <summary>Says whether transfers of a medium can be started now.</summary>
    internal bool TryUse(Medium medium)
    {
        if (_queue is null)
        {
            _queue = medium.TakeQueue();
            _medium = medium;
        }

        return _queue is not null && _medium == medium;
    }

    /// <summary>Starts the transfer of some commands, all of them executed by it.</summary>
    /// <param name="transfer">A transfer of the medium of <see cref="TryUse"/>.</param>
    /// <param name="runs">The memory runs of its batch.</param>
    /// <param name="commands">The batch.</param>
    /// <param name="members">Which of its commands, in the order of their blocks.</param>
    /// <returns><see langword="false"/> when it must be executed at once.</returns>
    internal bool TryStart(
        in MediumTransfer transfer,
        ReadOnlySpan<MemoryRun> runs,
        Span<AfuCommand> commands,
        ReadOnlySpan<int> members)
    {
        Debug.Assert(_count + members.Length <= _commands.Length, "a lane fetches no more");
        int tag = _free;
        if (!_queue!.TryStart(in transfer, runs, tag))
        {
            return false;
        }

        int slot = None;
        foreach (int member in members)
        {
            slot = _free;
            _free = _next[slot];
            _commands[slot] = commands[member];
            commands[member].IsUnderWay = true;
        }

        // The slots follow one another in the free list, and so the chain is there already.
        _next[slot] = None;
        Volatile.Write(ref _count, _count + members.Length);
        return true;
    }

    /// <summary>Collects commands that have been executed.</summary>
    /// <param name="wait">Whether to wait for some.</param>
    /// <returns>The commands with their results; valid until the next call.</returns>
    internal Span<AfuCommand> Collect(bool wait)
    {
        int ended = 0;
        if (_queue is not null)
        {
            int count = _queue.Collect(_ends, wait);
            foreach (ref readonly TransferEnd end in _ends.AsSpan(0, count))
            {
                ended = Conclude(in end, ended);
            }

            Volatile.Write(ref _count, _count - ended);
            ReleaseIfIdle();
        }

        return _ended.AsSpan(0, ended);
    }

    /// <summary>Gives the queue back if nothing is under way in it.</summary>
    internal void ReleaseIfIdle()
    {
        if (_queue is not null && _queue.Count == 0)
        {
            Debug.Assert(_count == 0, "every command has a transfer");
            _medium!.ReturnQueue(_queue);
            _queue = null;
            _medium = null;
        }
    }

    private int Conclude(in TransferEnd end, int ended)
    {
        bool isPart = _next[end.Tag] != None;
        int slot = end.Tag;
        while (slot != None)
        {
            ref AfuCommand command = ref _ended[ended++];
            command = _commands[slot];
            if (TransferBatch.MustRepeat(in command, end.Status, isPart) || !end.IsExecuted)
            {
                TransferBatch.ExecuteAlone(ref command);
                RepeatedTransfers++;
            }
            else
            {
                TransferBatch.SetResult(ref command, end.Status);
            }

            int next = _next[slot];
            _next[slot] = _free;
            _free = slot;
            slot = next;
        }

        return ended;
    }
}
