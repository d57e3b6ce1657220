using FlashKV.SimBackend;

namespace FlashKV.Simulation.Disks;

/// <summary>
/// The blocks of a disk: those on stable storage, and for each block written since and not flushed
/// every content it has had. Contents are never changed once they are here, so that copies are cheap.
/// </summary>
internal sealed class Disk
{
    public const int BlockBytes = Medium.BlockBytes;

    private static readonly byte[] s_zeros = new byte[BlockBytes];

    private readonly Dictionary<long, byte[]> _stable;
    private readonly SortedDictionary<long, byte[][]> _unsynced;

    public Disk()
        : this([], [])
    {
    }

    private Disk(Dictionary<long, byte[]> stable, SortedDictionary<long, byte[][]> unsynced)
    {
        _stable = stable;
        _unsynced = unsynced;
    }

    /// <summary>The blocks that a full device counts.</summary>
    public int OccupiedBlocks =>
        _stable.Count + _unsynced.Keys.Count(block => !_stable.ContainsKey(block));

    /// <summary>The blocks that hold something, ascending.</summary>
    public IReadOnlyList<long> UsedBlocks =>
        [.. _stable.Where(pair => pair.Value.AsSpan().ContainsAnyExcept((byte)0))
            .Select(pair => pair.Key).Order()];

    public bool IsOccupied(long block) =>
        _stable.ContainsKey(block) || _unsynced.ContainsKey(block);

    /// <summary>The newest content of a block.</summary>
    public ReadOnlySpan<byte> Read(long block) =>
        _unsynced.TryGetValue(block, out byte[][]? versions) ? versions[^1]
            : _stable.GetValueOrDefault(block, s_zeros);

    /// <summary>Copies the newest content of a block.</summary>
    public void Copy(long block, Span<byte> destination)
    {
        if (IsOccupied(block))
        {
            Read(block).CopyTo(destination);
        }
        else
        {
            destination.Clear();
        }
    }

    /// <summary>Writes to stable storage.</summary>
    public void WriteStable(long block, ReadOnlySpan<byte> content)
    {
        _unsynced.Remove(block);
        _stable[block] = Keep(content);
    }

    /// <summary>Writes to the volatile cache.</summary>
    public void WriteUnsynced(long block, ReadOnlySpan<byte> content)
    {
        byte[] kept = Keep(content);
        _unsynced[block] = _unsynced.TryGetValue(block, out byte[][]? before)
            ? [.. before, kept]
            : [kept];
    }

    /// <summary>Gives a block back; cached like a write of zeros.</summary>
    public void Discard(long block)
    {
        if (IsOccupied(block))
        {
            WriteUnsynced(block, s_zeros);
        }
    }

    public void Flush()
    {
        foreach ((long block, byte[][] versions) in _unsynced)
        {
            _stable[block] = versions[^1];
        }

        _unsynced.Clear();
    }

    public Disk Copy() => new(new(_stable), new(_unsynced));

    /// <summary>What a power cut leaves, each unsynced block by itself.</summary>
    public Disk CutPower(CutMode mode, Random random)
    {
        var stable = new Dictionary<long, byte[]>(_stable);
        foreach ((long block, byte[][] versions) in _unsynced)
        {
            byte[] old = stable.GetValueOrDefault(block, s_zeros);
            stable[block] = mode switch
            {
                CutMode.LoseAll => old,
                CutMode.KeepAll => versions[^1],
                CutMode.TearAll => Mix(old, versions[^1], random),
                CutMode.KeepFirst => block == _unsynced.Keys.First() ? versions[^1] : old,
                _ => Choose(old, versions, random),
            };
        }

        return new Disk(stable, []);
    }

    /// <summary>A content of which some sectors of 512 bytes, at least one and not all, are new.</summary>
    public static byte[] Mix(byte[] old, byte[] fresh, Random random)
    {
        const int SectorBytes = 512;
        byte[] mixed = [.. old];
        int chosen = random.Next(1, (1 << (BlockBytes / SectorBytes)) - 1);
        for (int sector = 0; sector < BlockBytes / SectorBytes; sector++)
        {
            if ((chosen & (1 << sector)) != 0)
            {
                int start = sector * SectorBytes;
                fresh.AsSpan(start, SectorBytes).CopyTo(mixed.AsSpan(start));
            }
        }

        return mixed;
    }

    // Of eight: three keep the newest, two lose all, one keeps any, two are a mixture.
    private static byte[] Choose(byte[] old, byte[][] versions, Random random)
    {
        byte[] any = versions[random.Next(versions.Length)];
        return random.Next(8) switch
        {
            < 3 => versions[^1],
            < 5 => old,
            5 => any,
            _ => Mix(old, any, random),
        };
    }

    private static byte[] Keep(ReadOnlySpan<byte> content) =>
        content.ContainsAnyExcept((byte)0) ? content.ToArray() : s_zeros;
}
