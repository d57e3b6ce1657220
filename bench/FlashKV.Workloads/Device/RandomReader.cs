using System.Diagnostics;
using FlashKV.Superpipe;

namespace FlashKV.Workloads.Device;

/// <summary>
/// One thread that reads random blocks through a context with as many command blocks as the queue
/// is deep: the batch is long, so that a command is sent whenever one ends, and the queue seldom
/// runs empty. The buffers are few, as fio's are: a read into memory that no cache holds takes
/// longer, whoever reads.
/// </summary>
internal sealed class RandomReader : IDisposable
{
    private const int Batches = 64;
    private const int MinBatch = 4_096;
    private const int BuffersPerDepth = 8;

    private readonly SuperpipeContext _context;
    private readonly PhysicalLun _lun;
    private readonly BlockBuffers _buffers;
    private readonly BlockTransfer[] _batch;
    private readonly bool[] _wasRead;
    private readonly Random _random;

    public RandomReader(SuperpipeDevice device, int depth)
    {
        _context = device.Attach(new AttachOptions { CommandBlocks = depth });
        _lun = _context.OpenPhysicalLun();
        _random = new Random(depth);
        _batch = new BlockTransfer[depth == 1 ? 1 : Math.Max(MinBatch, Batches * depth)];
        _wasRead = new bool[Math.Min(_batch.Length, BuffersPerDepth * depth)];
        _buffers = new BlockBuffers(_wasRead.Length);
    }

    /// <summary>Reads for a time.</summary>
    /// <returns>How many blocks.</returns>
    public long Read(double seconds)
    {
        long start = Stopwatch.GetTimestamp();
        long count = 0;
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
        {
            ReadBatch();
            count += _batch.Length;
        }

        return count;
    }

    public void Dispose()
    {
        _lun.Dispose();
        _context.Dispose();
        _buffers.Dispose();
    }

    private void ReadBatch()
    {
        for (int i = 0; i < _batch.Length; i++)
        {
            _batch[i] = new BlockTransfer(
                BlockOperation.Read,
                _random.NextInt64(_lun.BlockCount),
                1,
                _buffers.AddressOf(i % _wasRead.Length));
        }

        _lun.Transfer(_batch);
        Check();
    }

    /// <summary>A buffer holds one of the blocks that were read into it.</summary>
    private void Check()
    {
        Array.Clear(_wasRead);
        for (int i = 0; i < _batch.Length; i++)
        {
            int buffer = i % _wasRead.Length;
            _wasRead[buffer] |= _buffers.NumberOf(buffer) == _batch[i].Lba;
        }

        int missing = Array.IndexOf(_wasRead, false);
        if (missing >= 0)
        {
            throw new InvalidOperationException(
                $"Buffer {missing} holds none of the blocks that were read into it.");
        }

        for (int buffer = 0; buffer < _wasRead.Length; buffer++)
        {
            _buffers.NumberOf(buffer) = -1;
        }
    }
}
