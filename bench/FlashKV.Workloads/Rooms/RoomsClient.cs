using System.Runtime.InteropServices;
using FlashKV.Superpipe;

namespace FlashKV.Workloads.Rooms;

/// <summary>One context with a virtual LUN of one chunk, and random reads of it.</summary>
internal sealed unsafe class RoomsClient : IDisposable
{
    /// <summary>The blocks of the LUN: one chunk.</summary>
    public const int BlockCount = 1 << 16;

    private const int MaxBatch = 64;

    private readonly SuperpipeContext _context;
    private readonly VirtualLun _lun;
    private readonly byte* _buffers;
    private readonly BlockTransfer[] _batch = new BlockTransfer[MaxBatch];
    private readonly int[] _blocks;

    public RoomsClient(SuperpipeDevice device, int seed)
    {
        _context = device.Attach();
        _lun = _context.OpenVirtualLun(BlockCount);
        _blocks = RandomBlocks(seed);

        // SAFETY: freed by Dispose; used by the thread that reads.
        _buffers = (byte*)NativeMemory.AlignedAlloc(MaxBatch * Lun.BlockSize, Lun.BlockSize);
        WriteAll();
    }

    /// <summary>Blocks in random order, the same for the same seed.</summary>
    public static int[] RandomBlocks(int seed)
    {
        Random random = new(seed);
        int[] blocks = new int[BlockCount];
        for (int i = 0; i < blocks.Length; i++)
        {
            blocks[i] = random.Next(BlockCount);
        }

        return blocks;
    }

    /// <summary>Reads random blocks and looks at each, so that it must have arrived.</summary>
    /// <param name="count">How many.</param>
    /// <param name="batchSize">How many of them at once: 1 to 64.</param>
    public void Read(int count, int batchSize)
    {
        for (int done = 0; done < count; done += batchSize)
        {
            for (int i = 0; i < batchSize; i++)
            {
                _batch[i] = new BlockTransfer(
                    BlockOperation.Read, BlockAt(done + i), 1, (nint)BufferAt(i));
            }

            _lun.Transfer(_batch.AsSpan(0, batchSize));
            for (int i = 0; i < batchSize; i++)
            {
                if (*(long*)BufferAt(i) != BlockAt(done + i))
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

    private int BlockAt(int read) => _blocks[read & (BlockCount - 1)];

    private byte* BufferAt(int index) => _buffers + (index * Lun.BlockSize);
}
