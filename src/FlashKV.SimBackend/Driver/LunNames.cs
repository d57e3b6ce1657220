using System.Buffers.Binary;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Driver;

/// <summary>
/// The world-wide identifiers of the LUNs of one machine. A medium is one LUN, on whatever adapters
/// it appears, and has one identifier.
/// </summary>
internal sealed class LunNames
{
    private readonly Dictionary<Medium, Bytes16> _names = [];

    private LunNames()
    {
    }

    /// <summary>Names the LUNs of some adapters, after checking the options.</summary>
    /// <exception cref="ArgumentException">
    /// An option is out of range; or two LUNs have one identifier, or one LUN has two.
    /// </exception>
    internal static LunNames Of(IReadOnlyList<SimulatedAdapterOptions> adapters)
    {
        LunNames names = new();
        foreach (SimulatedAdapterOptions adapter in adapters)
        {
            ArgumentNullException.ThrowIfNull(adapter, "options");
            adapter.Validate();
        }

        SimulatedLunOptions[] luns = [.. adapters.SelectMany(adapter => adapter.Luns)];
        foreach (SimulatedLunOptions lun in luns.Where(lun => !lun.Wwid.IsEmpty))
        {
            Bytes16 wwid = default;
            lun.Wwid.Span.CopyTo(wwid);
            names.Add(lun.Medium, wwid);
        }

        for (int i = 0; i < luns.Length; i++)
        {
            if (luns[i].Wwid.IsEmpty && !names._names.ContainsKey(luns[i].Medium))
            {
                names.Add(luns[i].Medium, Made(i));
            }
        }

        return names;
    }

    /// <summary>The identifier of a LUN.</summary>
    internal Bytes16 Of(SimulatedLunOptions lun) => _names[lun.Medium];

    private static Bytes16 Made(int number)
    {
        const byte Naa6 = 0x60;
        Bytes16 wwid = default;
        wwid[0] = Naa6;
        BinaryPrimitives.WriteInt32BigEndian(((Span<byte>)wwid)[12..], number);
        return wwid;
    }

    private void Add(Medium medium, Bytes16 wwid)
    {
        bool isKnown = _names.TryGetValue(medium, out Bytes16 known);
        if (isKnown ? !Same(known, wwid) : _names.Values.Any(other => Same(other, wwid)))
        {
            string text = Convert.ToHexString(wwid);
            throw new ArgumentException(
                isKnown
                    ? $"One medium has two identifiers; the second is {text}."
                    : $"Two media have the identifier {text}.",
                nameof(wwid));
        }

        _names[medium] = wwid;
    }

    private static bool Same(Bytes16 one, Bytes16 other) =>
        ((ReadOnlySpan<byte>)one).SequenceEqual(other);
}
