using FlashKV.Simulation.Machines;
using FlashKV.Simulation.Model;

namespace FlashKV.Simulation.Episodes;

/// <summary>
/// The clones that an episode has open, each with what the model held at its moment: whatever is
/// written, compacted and reset since, it says the same. One whose segments were let go says that
/// too, or nothing.
/// </summary>
internal sealed class HeldClones(Session session)
{
    private const int Most = 2;

    private readonly List<(SimulatedClone Clone, SortedDictionary<int, byte[]> Then)> _held = [];

    /// <summary>Takes one; of too many one is given up.</summary>
    public void Take(Random random)
    {
        if (_held.Count == Most)
        {
            Drop(random);
        }

        if (session.TakeClone(out SortedDictionary<int, byte[]> then) is { } clone)
        {
            _held.Add((clone, then));
        }
    }

    /// <summary>Reads one, in one of the ways, and compares.</summary>
    /// <exception cref="ModelException">It is not what it was.</exception>
    public void Read(Random random)
    {
        if (_held.Count != 0)
        {
            (SimulatedClone clone, SortedDictionary<int, byte[]> then) =
                _held[random.Next(_held.Count)];
            session.CheckClone(clone, then, random.Next(3));
        }
    }

    /// <summary>Reads one that is open, while the store changes something.</summary>
    /// <exception cref="ModelException">It is not what it was.</exception>
    public void ReadMeanwhile(Random random)
    {
        if (_held.Find(static held => held.Clone.IsOpen) is { Clone: { } clone } held)
        {
            session.CheckClone(clone, held.Then, random.Next(3));
        }
    }

    /// <summary>The store lets the segments of one go, of which its reader does not know.</summary>
    public void LetGo(Random random)
    {
        if (_held.Count != 0)
        {
            _held[random.Next(_held.Count)].Clone.LetGo();
        }
    }

    /// <summary>Gives one up.</summary>
    public void Drop(Random random)
    {
        if (_held.Count != 0)
        {
            int chosen = random.Next(_held.Count);
            _held[chosen].Clone.Dispose();
            _held.RemoveAt(chosen);
        }
    }

    /// <summary>Gives all up: the store's process ends. Nothing of them is left in the driver.</summary>
    /// <exception cref="ModelException">Something is.</exception>
    public void Clear()
    {
        _held.ForEach(static held => held.Clone.Dispose());
        _held.Clear();
        if (session.Machine.IsOpen && session.Machine.CountClonedChunks() is not 0 and var left)
        {
            throw new ModelException(
                $"The driver counts {left} clones of chunks, and none is open.");
        }
    }
}
