namespace FlashKV.SimBackend.Afu;

/// <summary>
/// Which of the coming commands get an injected error: certain ones by their count, and any by a
/// seeded chance. Costs a read of one word per command while nothing is planned.
/// </summary>
internal sealed class CommandFaultPlan
{
    private readonly Lock _lock = new();
    private readonly List<Entry> _entries = [];
    private readonly List<FaultChance> _chances = [];
    private int _planned;

    /// <summary>The number of faults that can strike.</summary>
    internal int Planned => Volatile.Read(ref _planned);

    /// <summary>Plans a fault for one command.</summary>
    /// <param name="fault">What happens.</param>
    /// <param name="commandsBefore">How many commands pass before it.</param>
    internal void Add(PlannedFault fault, long commandsBefore)
    {
        lock (_lock)
        {
            _entries.Add(new Entry(fault, commandsBefore));
            UpdatePlanned();
        }
    }

    /// <summary>Plans a fault that strikes by chance until all are forgotten.</summary>
    /// <param name="fault">What happens.</param>
    /// <param name="oneIn">It strikes one command in so many.</param>
    /// <param name="seed">The same seed strikes the same commands.</param>
    /// <returns>What counts how often it has struck.</returns>
    internal FaultChance AddChance(PlannedFault fault, int oneIn, int seed)
    {
        FaultChance chance = new(fault, oneIn, seed);
        lock (_lock)
        {
            _chances.Add(chance);
            UpdatePlanned();
        }

        return chance;
    }

    /// <summary>Forgets all planned faults.</summary>
    internal void Clear()
    {
        lock (_lock)
        {
            _entries.Clear();
            _chances.Clear();
            UpdatePlanned();
        }
    }

    /// <summary>Counts one command and says what strikes it.</summary>
    /// <param name="fault">The fault.</param>
    /// <returns>Whether one does.</returns>
    internal bool TryTake(out PlannedFault fault)
    {
        lock (_lock)
        {
            bool isStruck = TryTakeEntry(out fault);

            // Every chance counts every command, so that the same ones are struck whatever else
            // is planned.
            foreach (FaultChance chance in _chances)
            {
                if (chance.Strikes(isTaken: isStruck))
                {
                    isStruck = true;
                    fault = chance.Fault;
                }
            }

            UpdatePlanned();
            return isStruck;
        }
    }

    private bool TryTakeEntry(out PlannedFault fault)
    {
        fault = default;
        bool isStruck = false;
        for (int i = 0; i < _entries.Count; i++)
        {
            Entry entry = _entries[i];
            if (entry.CommandsBefore == 0 && !isStruck)
            {
                isStruck = true;
                fault = entry.Fault;
                _entries.RemoveAt(i--);
            }
            else
            {
                long left = Math.Max(0, entry.CommandsBefore - 1);
                _entries[i] = entry with { CommandsBefore = left };
            }
        }

        return isStruck;
    }

    private void UpdatePlanned() =>
        Volatile.Write(ref _planned, _entries.Count + _chances.Count);

    private readonly record struct Entry(PlannedFault Fault, long CommandsBefore);
}
