namespace FlashKV.SimBackend.Afu;

/// <summary>
/// Commands of one context that an injected fault delays. They become due after a number of
/// fetches and of commands that were sent later, so that a delay needs no clock.
/// </summary>
internal sealed class PostponedCommands
{
    private const int Delay = 64;

    private readonly Lock _lock = new();
    private readonly Queue<Entry> _entries = new();
    private long _passed;
    private int _count;

    /// <summary>Whether there is none.</summary>
    internal bool IsEmpty => Volatile.Read(ref _count) == 0;

    /// <summary>Adds a command.</summary>
    internal void Add(in FetchedCommand command)
    {
        lock (_lock)
        {
            _entries.Enqueue(new Entry(command with { WasDelayed = true }, _passed + Delay));
            Volatile.Write(ref _count, _entries.Count);
        }
    }

    /// <summary>Takes the commands that are due.</summary>
    /// <param name="fetchedSince">How many commands the fetch has brought.</param>
    /// <param name="commands">Where they go.</param>
    /// <returns>How many were taken.</returns>
    internal int Take(int fetchedSince, Span<FetchedCommand> commands)
    {
        lock (_lock)
        {
            _passed += fetchedSince + 1;
            int count = 0;
            while (count < commands.Length
                && _entries.TryPeek(out Entry first) && first.Due <= _passed)
            {
                commands[count++] = _entries.Dequeue().Command;
            }

            Volatile.Write(ref _count, _entries.Count);
            return count;
        }
    }

    /// <summary>Forgets all of them.</summary>
    internal void Clear()
    {
        lock (_lock)
        {
            _entries.Clear();
            Volatile.Write(ref _count, 0);
        }
    }

    private readonly record struct Entry(FetchedCommand Command, long Due);
}
