namespace FlashKV.SimBackend.Afu;

/// <summary>
/// Which of the coming commands get an injected error. Costs a read of one word per command while
/// nothing is planned.
/// </summary>
internal sealed class CommandFaultPlan
{
    private readonly Lock _lock = new();
    private readonly List<Entry> _entries = [];
    private int _planned;

    /// <summary>The number of faults that have not struck yet.</summary>
    internal int Planned => Volatile.Read(ref _planned);

    /// <summary>Plans a fault.</summary>
    /// <param name="fault">What happens.</param>
    /// <param name="commandsBefore">How many commands pass before it.</param>
    internal void Add(CommandFault fault, long commandsBefore)
    {
        lock (_lock)
        {
            _entries.Add(new Entry(fault, commandsBefore));
            Volatile.Write(ref _planned, _entries.Count);
        }
    }

    /// <summary>Forgets all planned faults.</summary>
    internal void Clear()
    {
        lock (_lock)
        {
            _entries.Clear();
            Volatile.Write(ref _planned, 0);
        }
    }

    /// <summary>Counts one command and says what strikes it.</summary>
    /// <param name="fault">The fault.</param>
    /// <returns>Whether one does.</returns>
    internal bool TryTake(out CommandFault fault)
    {
        fault = default;
        bool struck = false;
        lock (_lock)
        {
            for (int i = 0; i < _entries.Count; i++)
            {
                Entry entry = _entries[i];
                if (entry.CommandsBefore == 0 && !struck)
                {
                    struck = true;
                    fault = entry.Fault;
                    _entries.RemoveAt(i--);
                }
                else
                {
                    long left = Math.Max(0, entry.CommandsBefore - 1);
                    _entries[i] = entry with { CommandsBefore = left };
                }
            }

            Volatile.Write(ref _planned, _entries.Count);
        }

        return struck;
    }

    private readonly record struct Entry(CommandFault Fault, long CommandsBefore);
}
