using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Driver;

/// <summary>
/// A LUN in superpipe mode as one adapter sees it (SP §3.1): its paths and its slot in the LUN
/// tables. Two paths to one LUN share it.
/// </summary>
internal sealed class LocalLun(GlobalLun parent)
{
    private readonly ulong[] _lunIds = new ulong[CxlflashLimits.MaxFcPorts];

    /// <summary>The LUN behind it.</summary>
    internal GlobalLun Parent => parent;

    /// <summary>The mask of the channels on which it is in superpipe mode.</summary>
    internal int PortSelect { get; private set; }

    /// <summary>The number of its paths.</summary>
    internal int PortCount => int.PopCount(PortSelect);

    /// <summary>The ports in whose LUN tables it is.</summary>
    internal int TablePorts { get; private set; }

    /// <summary>Its slot in the LUN table of each of these ports.</summary>
    internal int LunIndex { get; private set; }

    /// <summary>
    /// Whether it has a slot in the table of each of its ports. A path that is added later makes it
    /// ask for another slot, where the original would send commands over that path to LUN 0;
    /// translations made before keep the old one, which is never given back.
    /// </summary>
    internal bool IsInTable => TablePorts != 0 && (PortSelect & ~TablePorts) == 0;

    /// <summary>What the AFU calls it on a channel.</summary>
    internal ulong LunId(int channel) => _lunIds[channel];

    /// <summary>Adds a path.</summary>
    internal void AddChannel(int channel, ulong lunId)
    {
        PortSelect |= 1 << channel;
        _lunIds[channel] = lunId;
    }

    /// <summary>Takes a path away.</summary>
    /// <remarks>Without a path it is in no table any more.</remarks>
    internal void RemoveChannel(int channel)
    {
        PortSelect &= ~(1 << channel);
        TablePorts = PortSelect == 0 ? 0 : TablePorts;
    }

    /// <summary>Remembers the slot that it got.</summary>
    internal void PutInTable(int index)
    {
        LunIndex = index;
        TablePorts = PortSelect;
    }
}
