using System.Diagnostics;

namespace FlashKV.SimBackend.Driver;

/// <summary>
/// An open file of the simulated machine: what descriptors, their duplicates and forked copies, and
/// mappings refer to. It is closed when the last of them goes.
/// </summary>
internal abstract class OpenFile
{
    /// <summary>The number of descriptors and mappings of all processes that hold it.</summary>
    internal int References { get; private set; }

    /// <summary>Whether a program that replaces the process (exec) loses its descriptors.</summary>
    internal virtual bool ClosesOnExecute => false;

    /// <summary>Adds a descriptor or a mapping.</summary>
    internal void AddReference() => References++;

    /// <summary>Takes one away.</summary>
    /// <returns>Whether it was the last.</returns>
    internal bool RemoveReference()
    {
        Debug.Assert(References > 0, "a reference that was added");
        return --References == 0;
    }
}
