namespace FlashKV.Tests.Doubles;

/// <summary>
/// A device of chunks in memory, handed out lowest first and forgotten at <see cref="Detach"/>, as
/// a driver does; the bytes stay. Writes can be made to fail, and a power cut can be struck.
/// </summary>
internal sealed class MemoryDevice(int chunkCount)
{
    public const int BlockBytes = 4096;
    public const int ChunkBlocks = 65_536;

    private readonly Lock _lock = new();
    private readonly SortedSet<int> _free = [.. Enumerable.Range(0, chunkCount)];
    private readonly Dictionary<long, byte[]> _blocks = [];
    private readonly Dictionary<long, byte[]?> _unsynced = [];

    /// <summary>The blocks written so far.</summary>
    public int BlocksWritten { get; private set; }

    /// <summary>Writes of blocks behind this number fail as an unwritable medium would.</summary>
    public int FailAfterBlocks { get; set; } = int.MaxValue;

    /// <summary>Called before a block is read.</summary>
    public Action? Reading { get; set; }

    public MemoryLun OpenLun() => new(this);

    /// <summary>Ends all LUNs: their chunks are free again.</summary>
    public void Detach()
    {
        lock (_lock)
        {
            _free.UnionWith(Enumerable.Range(0, chunkCount));
        }
    }

    /// <summary>
    /// Loses, of the blocks that were not forced to the medium, those that the seed says.
    /// </summary>
    public void CutPower(int seed)
    {
        var random = new Random(seed);
        foreach ((long block, byte[]? before) in _unsynced)
        {
            if (random.Next(2) == 0)
            {
                Restore(block, before);
            }
        }

        _unsynced.Clear();
    }

    /// <summary>Flips a bit of a block.</summary>
    public void Corrupt(long block, int offset) => _blocks[block][offset] ^= 1;

    /// <summary>Flips a bit of some bytes, if one block holds all of them.</summary>
    public bool Corrupt(ReadOnlySpan<byte> bytes)
    {
        foreach (long block in FindBlocks(bytes))
        {
            Corrupt(block, _blocks[block].AsSpan().IndexOf(bytes));
            return true;
        }

        return false;
    }

    /// <summary>Loses what is in a block: it reads as zeros.</summary>
    public void Lose(long block) => _blocks.Remove(block);

    /// <summary>The blocks that hold the given bytes somewhere.</summary>
    public List<long> FindBlocks(ReadOnlySpan<byte> bytes)
    {
        var found = new List<long>();
        foreach ((long block, byte[] content) in _blocks)
        {
            if (content.AsSpan().IndexOf(bytes) >= 0)
            {
                found.Add(block);
            }
        }

        return found;
    }

    internal bool TryTakeChunk(out int chunk)
    {
        lock (_lock)
        {
            chunk = _free.Min;
            return _free.Remove(chunk);
        }
    }

    internal void ReleaseChunk(int chunk)
    {
        lock (_lock)
        {
            _free.Add(chunk);
        }
    }

    internal void Read(long block, Span<byte> destination)
    {
        Reading?.Invoke();
        lock (_lock)
        {
            if (_blocks.TryGetValue(block, out byte[]? content))
            {
                content.CopyTo(destination);
            }
            else
            {
                destination.Clear();
            }
        }
    }

    internal void Write(long block, ReadOnlySpan<byte> source, bool isForced)
    {
        lock (_lock)
        {
            if (BlocksWritten >= FailAfterBlocks)
            {
                throw new IOException("The double refuses to write.");
            }

            BlocksWritten++;
            if (isForced)
            {
                _unsynced.Remove(block);
            }
            else
            {
                _unsynced.TryAdd(block, _blocks.GetValueOrDefault(block));
            }

            _blocks[block] = source.ToArray();
        }
    }

    internal void Unmap(long block)
    {
        lock (_lock)
        {
            _unsynced.TryAdd(block, _blocks.GetValueOrDefault(block));
            _blocks.Remove(block);
        }
    }

    private void Restore(long block, byte[]? before)
    {
        if (before is null)
        {
            _blocks.Remove(block);
        }
        else
        {
            _blocks[block] = before;
        }
    }
}
