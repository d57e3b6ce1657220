using System.Diagnostics;
using FlashKV.Superpipe;

namespace FlashKV.Workloads.Device;

/// <summary>One thread that writes a LUN from its beginning to its end and again.</summary>
internal sealed class SequentialWriter : IDisposable
{
    // A batch is longer than the queue is deep, so that a command is sent whenever one ends. At its
    // end the queue runs empty, which fio's never does: so much longer that it does not count.
    private const int Rounds = 128;

    private readonly SuperpipeContext _context;
    private readonly Lun _lun;
    private readonly BlockBuffers _buffers;
    private readonly BlockTransfer[] _batch;
    private readonly int _blocksEach;
    private readonly int _depth;
    private long _next;

    private SequentialWriter(SuperpipeContext context, Lun lun, int blocksEach, int depth)
    {
        _context = context;
        _lun = lun;
        _blocksEach = blocksEach;
        _depth = depth;
        _batch = new BlockTransfer[Rounds * depth];
        _buffers = new BlockBuffers(blocksEach * depth);
    }

    /// <summary>A virtual LUN: every command covers one block, however large the transfers.</summary>
    public static SequentialWriter OnVirtualLun(
        SuperpipeDevice device, long blockCount, int blocksEach, int depth)
    {
        SuperpipeContext context =
            device.Attach(new AttachOptions { CommandBlocks = blocksEach * depth });
        return new SequentialWriter(
            context, context.OpenVirtualLun(blockCount), blocksEach, depth);
    }

    /// <summary>The physical LUN: a command covers a transfer.</summary>
    public static SequentialWriter OnPhysicalLun(
        SuperpipeDevice device, int blocksEach, int depth)
    {
        SuperpipeContext context = device.Attach(new AttachOptions { CommandBlocks = depth });
        return new SequentialWriter(context, context.OpenPhysicalLun(), blocksEach, depth);
    }

    /// <summary>Writes the whole LUN once, each block beginning with its number.</summary>
    public void Fill()
    {
        int blocks = _blocksEach * _depth;
        for (_next = 0; _next < _lun.BlockCount;)
        {
            for (int i = 0; i < blocks; i++)
            {
                _buffers.NumberOf(i) = _next + i;
            }

            WriteBatch(_depth);
        }
    }

    /// <summary>Writes for a time.</summary>
    /// <returns>How many blocks.</returns>
    public long Write(double seconds)
    {
        long start = Stopwatch.GetTimestamp();
        long count = 0;
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
        {
            WriteBatch(_batch.Length);
            count += _batch.Length * _blocksEach;
        }

        return count;
    }

    public void Dispose()
    {
        _lun.Dispose();
        _context.Dispose();
        _buffers.Dispose();
    }

    private void WriteBatch(int transfers)
    {
        for (int i = 0; i < transfers; i++)
        {
            if (_next + _blocksEach > _lun.BlockCount)
            {
                _next = 0;
            }

            nint buffer = _buffers.AddressOf(i % _depth * _blocksEach);
            _batch[i] = new BlockTransfer(BlockOperation.Write, _next, _blocksEach, buffer);
            _next += _blocksEach;
        }

        _lun.Transfer(_batch.AsSpan(0, transfers));
    }
}
