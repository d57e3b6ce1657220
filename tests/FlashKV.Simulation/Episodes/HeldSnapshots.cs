using FlashKV.Simulation.Machines;

namespace FlashKV.Simulation.Episodes;

/// <summary>
/// The snapshots that an episode has open, each with what the model held when it was taken: whatever
/// is written, compacted and reset since, it says the same.
/// </summary>
internal sealed class HeldSnapshots(Session session)
{
    private const int Most = 3;

    private readonly List<(StoreSnapshot Snapshot, SortedDictionary<int, byte[]> Then)> _held = [];

    /// <summary>How many are open.</summary>
    public int Count => _held.Count;

    /// <summary>Takes one; of too many one is given up.</summary>
    public void Take(Random random)
    {
        if (_held.Count == Most)
        {
            Drop(random);
        }

        if (session.TakeSnapshot() is { } snapshot)
        {
            _held.Add((snapshot, new(session.Model.Current.ToDictionary())));
        }
    }

    /// <summary>Reads one, in one of the ways, and compares.</summary>
    /// <exception cref="Model.ModelException">It is not what it was.</exception>
    public void Read(Random random)
    {
        if (_held.Count != 0)
        {
            (StoreSnapshot snapshot, SortedDictionary<int, byte[]> then) =
                _held[random.Next(_held.Count)];
            session.CheckSnapshot(snapshot, then, random.Next(3));
        }
    }

    /// <summary>Gives one up.</summary>
    public void Drop(Random random)
    {
        if (_held.Count != 0)
        {
            int chosen = random.Next(_held.Count);
            _held[chosen].Snapshot.Dispose();
            _held.RemoveAt(chosen);
        }
    }

    /// <summary>Gives all up; they do not outlive the store.</summary>
    public void Clear()
    {
        _held.ForEach(static held => held.Snapshot.Dispose());
        _held.Clear();
    }
}
