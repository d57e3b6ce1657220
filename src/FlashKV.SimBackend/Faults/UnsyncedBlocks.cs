using System.Runtime.InteropServices;

namespace FlashKV.SimBackend;

/// <summary>
/// The volatile cache of a <see cref="FaultyMedium"/>: for each block that was written and not
/// flushed, all contents that it has had since. Not synchronised.
/// </summary>
internal sealed class UnsyncedBlocks
{
    private const int SectorBytes = 512;

    private static readonly byte[] s_zeros = new byte[Medium.BlockBytes];

    private readonly SortedDictionary<long, List<byte[]>> _blocks = [];

    /// <summary>The number of blocks.</summary>
    internal int Count => _blocks.Count;

    /// <summary>The blocks in ascending order.</summary>
    internal IEnumerable<long> Blocks => _blocks.Keys;

    /// <summary>Adds a content of a block.</summary>
    internal void Add(long block, ReadOnlySpan<byte> content) =>
        VersionsOf(block).Add(content.ToArray());

    /// <summary>Adds zeros as the content of a block.</summary>
    internal void AddZeros(long block) => VersionsOf(block).Add(s_zeros);

    /// <summary>The newest content of a block, if it is here.</summary>
    internal bool TryGetNewest(long block, out ReadOnlySpan<byte> content)
    {
        bool found = _blocks.TryGetValue(block, out List<byte[]>? versions);
        content = found ? versions![^1] : default;
        return found;
    }

    /// <summary>Forgets a block, because it has become stable.</summary>
    internal void Remove(long block) => _blocks.Remove(block);

    /// <summary>Forgets everything.</summary>
    internal void Clear() => _blocks.Clear();

    /// <summary>Decides what a power cut leaves of a block.</summary>
    /// <param name="block">A block that is here.</param>
    /// <param name="stable">What is on stable storage; becomes what is left.</param>
    /// <param name="mode">How to decide.</param>
    /// <param name="random">The source of choices.</param>
    internal void Settle(long block, Span<byte> stable, PowerCutMode mode, Random random)
    {
        ReadOnlySpan<byte[]> versions = CollectionsMarshal.AsSpan(_blocks[block]);
        switch (mode)
        {
            case PowerCutMode.LoseAll:
                break;
            case PowerCutMode.KeepAll:
                versions[^1].CopyTo(stable);
                break;
            case PowerCutMode.TearAll:
                Mix(stable, versions[^1], random);
                break;
            default:
                SettleBySeed(versions, stable, random);
                break;
        }
    }

    /// <summary>
    /// Replaces some sectors, at least one and not all, by those of another content.
    /// </summary>
    internal static void Mix(Span<byte> content, ReadOnlySpan<byte> other, Random random)
    {
        int sectors = content.Length / SectorBytes;
        int chosen = random.Next(1, (1 << sectors) - 1);
        for (int sector = 0; sector < sectors; sector++)
        {
            if ((chosen & (1 << sector)) != 0)
            {
                int start = sector * SectorBytes;
                other.Slice(start, SectorBytes).CopyTo(content[start..]);
            }
        }
    }

    private List<byte[]> VersionsOf(long block)
    {
        if (!_blocks.TryGetValue(block, out List<byte[]>? versions))
        {
            versions = [];
            _blocks.Add(block, versions);
        }

        return versions;
    }

    private static void SettleBySeed(
        ReadOnlySpan<byte[]> versions, Span<byte> stable, Random random)
    {
        // Of eight: three keep the newest, two lose all, one keeps any, two are a mixture.
        int choice = random.Next(8);
        byte[] any = versions[random.Next(versions.Length)];
        if (choice < 3)
        {
            versions[^1].CopyTo(stable);
        }
        else if (choice == 5)
        {
            any.CopyTo(stable);
        }
        else if (choice > 5)
        {
            Mix(stable, any, random);
        }
    }
}
