using System.Runtime.InteropServices;
using FlashKV.Superpipe;

namespace FlashKV.Workloads.Rooms;

/// <summary>One context with a virtual LUN of one chunk, and random reads of it.</summary>
internal sealed unsafe class RoomsClient : IDisposable
{
    /// <summary>The blocks of the LUN: one chunk.</summary>
    public const int BlockCount = 1 << 16;

    /// <summary>So few blocks that the cache of a core holds them.</summary>
    public const int CachedBlocks = 32;

    private const int MaxBatch = 64;

    private readonly SuperpipeContext _context;
    private readonly VirtualLun _lun;
    private readonly byte* _buffers;
    private readonly BlockTransfer[] _batch = new BlockTransfer[MaxBatch];
    private readonly int[] _anywhere;
    private readonly int[] _inCache;

    public RoomsClient(SuperpipeDevice device, int seed)
    {
        _context = device.Attach();
        _lun = _context.OpenVirtualLun(BlockCount);
        _anywhere = RandomBlocks(seed, BlockCount);
        _inCache = RandomBlocks(seed, CachedBlocks);

        // SAFETY: freed by Dispose; used by the thread that reads.
        _buffers = (byte*)NativeMemory.AlignedAlloc(MaxBatch * Lun.BlockSize, Lun.BlockSize);
        WriteAll();
    }

    /// <summary>Blocks in random order, the same for the same seed.</summary>
    /// <param name="seed">The order.</param>
    /// <param name="among">The blocks are the first of the LUN, so many.</param>
    public static int[] RandomBlocks(int seed, int among)
    {
        Random random = new(seed);
        int[] blocks = new int[BlockCount];
        for (int i = 0; i < blocks.Length; i++)
        {
            blocks[i] = random.Next(among);
        }

        return blocks;
    }

    /// <summary>Reads random blocks and looks at each, so that it must have arrived.</summary>
    /// <param name="count">How many.</param>
    /// <param name="batchSize">How many of them at once: 1 to 64.</param>
    public void Read(int count, int batchSize) => Read(_anywhere, count, batchSize);

    /// <summary>The same of <see cref="CachedBlocks"/> blocks.</summary>
    /// <param name="count">How many.</param>
    /// <param name="batchSize">How many of them at once: 1 to 64.</param>
    public void ReadInCache(int count, int batchSize) => Read(_inCache, count, batchSize);

    private void Read(int[] blocks, int count, int batchSize)
    {
        for (int done = 0; done < count; done += batchSize)
        {
            for (int i = 0; i < batchSize; i++)
            {
                _batch[i] = new BlockTransfer(
                    BlockOperation.Read, BlockAt(blocks, done + i), 1, (nint)BufferAt(i));
            }

            _lun.Transfer(_batch.AsSpan(0, batchSize));
            for (int i = 0; i < batchSize; i++)
            {
                if (*(long*)BufferAt(i) != BlockAt(blocks, done + i))
                {
                    throw new InvalidOperationException("A read brought the wrong block.");
                }
            }
        }
    }

    public void Dispose()
    {
        _lun.Dispose();
        _context.Dispose();

        // SAFETY: from AlignedAlloc; nobody reads any more.
        NativeMemory.AlignedFree(_buffers);
    }

    // Each block begins with its number.
    private void WriteAll()
    {
        NativeMemory.Clear(_buffers, MaxBatch * Lun.BlockSize);
        for (int block = 0; block < BlockCount; block += MaxBatch)
        {
            for (int i = 0; i < MaxBatch; i++)
            {
                *(long*)BufferAt(i) = block + i;
            }

            _lun.Transfer(new BlockTransfer(
                BlockOperation.Write, block, MaxBatch, (nint)_buffers));
        }
    }

    private static int BlockAt(int[] blocks, int read) => blocks[read & (BlockCount - 1)];

    private byte* BufferAt(int index) => _buffers + (index * Lun.BlockSize);
}
