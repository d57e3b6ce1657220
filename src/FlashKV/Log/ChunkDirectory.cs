using FlashKV.Memory;
using FlashKV.Superpipe;

namespace FlashKV.Log;

/// <summary>
/// The chunks of a store: the superblock that remembers the order of their grants, and the growth
/// of the shards' LUNs. A driver forgets virtual LUNs with the last detach and grants chunks in a
/// fixed order, so growing the LUNs again in the order of the grants gives every shard its chunks
/// back.
/// </summary>
internal sealed class ChunkDirectory : IChunkSource
{
    private readonly VirtualLun _meta;
    private readonly VirtualLun[] _shards;
    private readonly SegmentAllocator?[] _allocators;
    private readonly BufferPool _buffers;
    private readonly Lock _lock = new();
    private readonly List<ushort> _grants;

    public ChunkDirectory(
        Superblock superblock, VirtualLun meta, VirtualLun[] shards, BufferPool buffers)
    {
        Superblock = superblock;
        _meta = meta;
        _shards = shards;
        _allocators = new SegmentAllocator?[shards.Length];
        _buffers = buffers;
        _grants = [.. superblock.Grants];
    }

    /// <summary>The superblock as it was written last.</summary>
    public Superblock Superblock { get; private set; }

    /// <summary>The chunks that a shard has.</summary>
    public int ChunkCountOf(int shard) => _grants.Count(grant => grant == shard);

    /// <summary>Names the allocator that gets the slots of a shard's new chunks.</summary>
    public void Attach(int shard, SegmentAllocator allocator) => _allocators[shard] = allocator;

    /// <summary>
    /// Grows the LUNs as they were grown before, and checks whose the chunks are.
    /// </summary>
    /// <exception cref="CorruptStoreException">A chunk is not the one it should be.</exception>
    public void Replay()
    {
        int[] chunks = new int[_shards.Length];
        foreach (ushort shard in _grants)
        {
            if (!TryResize(shard, ++chunks[shard]))
            {
                throw new CorruptStoreException(
                    shard, 0, "number of chunks", $"{chunks[shard]}", "fewer on this device");
            }
        }

        for (int shard = 0; shard < _shards.Length; shard++)
        {
            for (int ordinal = 0; ordinal < chunks[shard]; ordinal++)
            {
                CheckChunk(shard, ordinal);
            }
        }
    }

    /// <inheritdoc/>
    public bool TryGrow(int shard)
    {
        lock (_lock)
        {
            int ordinal = ChunkCountOf(shard);
            if (_grants.Count >= Superblock.MaxGrants
                || !TryResize(shard, ordinal + 1))
            {
                return false;
            }

            bool isOurs = false;
            try
            {
                isOurs = TryWriteChunkHeader(shard, ordinal);
            }
            finally
            {
                if (!isOurs)
                {
                    // A chunk that no superblock names would stand in the order of the grants.
                    _shards[shard].Resize((long)ordinal * LogGeometry.ChunkBlocks);
                }
            }

            if (!isOurs)
            {
                return false;
            }

            _grants.Add((ushort)shard);
            Write(Superblock with { Grants = [.. _grants] });
            _allocators[shard]?.AddChunk(
                (int)(LogGeometry.ChunkBytes / Superblock.SegmentBytes));
            return true;
        }
    }

    /// <summary>Writes the superblock, both copies, one after the other.</summary>
    public void Update(Func<Superblock, Superblock> change)
    {
        lock (_lock)
        {
            Write(change(Superblock));
        }
    }

    private void Write(Superblock superblock)
    {
        Superblock written = superblock with { Generation = superblock.Generation + 1 };
        SuperblockCopies.Write(_meta, _buffers, written);
        Superblock = written;
    }

    private bool TryResize(int shard, int chunks)
    {
        long blocks = (long)chunks * LogGeometry.ChunkBlocks;
        try
        {
            return _shards[shard].Resize(blocks) >= blocks;
        }
        catch (DeviceException exception) when (exception.Errno == Errno.NoSpace)
        {
            return false;
        }
    }

    private bool TryWriteChunkHeader(int shard, int ordinal)
    {
        using PooledBuffer buffer = _buffers.Rent(LogGeometry.BlockBytes);
        new ChunkHeader(Superblock.Store, shard, ordinal)
            .Write(buffer.Span(0, LogGeometry.BlockBytes));
        try
        {
            _shards[shard].Transfer(new BlockTransfer(
                BlockOperation.Write,
                (long)ordinal * LogGeometry.ChunkBlocks,
                1,
                buffer.Address,
                ForceUnitAccess: true));
            return true;
        }
        catch (DeviceException exception) when (exception.IsOutOfSpace)
        {
            return false;
        }
    }

    private void CheckChunk(int shard, int ordinal)
    {
        long lba = (long)ordinal * LogGeometry.ChunkBlocks;
        using PooledBuffer buffer = _buffers.Rent(LogGeometry.BlockBytes);
        _shards[shard].Transfer(
            new BlockTransfer(BlockOperation.Read, lba, 1, buffer.Address));
        var expected = new ChunkHeader(Superblock.Store, shard, ordinal);
        if (!ChunkHeader.TryRead(
            buffer.Span(0, LogGeometry.BlockBytes), out ChunkHeader found))
        {
            throw new CorruptStoreException(
                shard, lba, "chunk header", $"{expected}", "no chunk header");
        }

        if (found != expected)
        {
            throw new CorruptStoreException(shard, lba, "chunk header", $"{expected}", $"{found}");
        }
    }
}
