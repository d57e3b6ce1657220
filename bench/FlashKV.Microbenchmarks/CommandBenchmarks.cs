using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using FlashKV.SimBackend;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Commands;

namespace FlashKV.Microbenchmarks;

/// <summary>
/// The way of a command: claiming command blocks and rooms, and whole round trips over a memory
/// medium. Reads are of a few blocks that stay in the cache, so that what is seen is the way and
/// not the copy: the whole workload is the verb <c>rooms</c>. Every figure is per command.
/// </summary>
[MemoryDiagnoser]
public unsafe class CommandBenchmarks
{
    private const int Commands = 256;
    private const int BatchSize = 32;

    private readonly FreeBlocks _blocks = new(Commands, Environment.ProcessorCount);
    private readonly RoomCredit _rooms = new(Commands);
    private readonly CountingWindow _window = new(Commands);
    private readonly BlockTransfer[] _batch = new BlockTransfer[BatchSize];
    private MemoryMedium _medium = null!;
    private SimulatedAdapter _adapter = null!;
    private SuperpipeDevice _device = null!;
    private SuperpipeContext _context = null!;
    private VirtualLun _lun = null!;
    private byte* _buffers;

    /// <summary>Gets or sets how commands are submitted.</summary>
    [Params(SubmissionMode.CommandRooms, SubmissionMode.SubmissionQueue)]
    public SubmissionMode Mode { get; set; }

    /// <summary>Attaches a context and writes the blocks that will be read.</summary>
    [GlobalSetup]
    public void Attach()
    {
        const int ChunkBlocks = 1 << 16;
        _medium = new MemoryMedium(ChunkBlocks);
        _adapter = new SimulatedAdapter(new SimulatedAdapterOptions
        {
            Luns = [new SimulatedLunOptions(_medium)],
            SubmissionMode = Mode,
        });
        _device = SuperpipeDevice.Open(_adapter.Transport, _adapter.DevicePaths[0]);
        _context = _device.Attach(new AttachOptions { CommandBlocks = Commands });
        _lun = _context.OpenVirtualLun(ChunkBlocks);

        // SAFETY: freed by Detach; used by the benchmarks' thread.
        _buffers = (byte*)NativeMemory.AlignedAlloc(BatchSize * Lun.BlockSize, Lun.BlockSize);
        NativeMemory.Clear(_buffers, BatchSize * Lun.BlockSize);
        _lun.Transfer(new BlockTransfer(BlockOperation.Write, 0, BatchSize, (nint)_buffers));
        for (int i = 0; i < BatchSize; i++)
        {
            _batch[i] = new BlockTransfer(
                BlockOperation.Read, i, 1, (nint)(_buffers + (i * Lun.BlockSize)));
        }
    }

    /// <summary>Gives everything back.</summary>
    [GlobalCleanup]
    public void Detach()
    {
        _lun.Dispose();
        _context.Dispose();
        _device.Dispose();
        _adapter.Dispose();
        _medium.Dispose();
        NativeMemory.AlignedFree(_buffers);
    }

    /// <summary>Claims one command block and frees it.</summary>
    [Benchmark]
    public bool ClaimBlock()
    {
        bool isClaimed = _blocks.TryClaim(1, 0, out int first, out ulong mask);
        _blocks.Free(_blocks.ShardOf(first), mask);
        return isClaimed;
    }

    /// <summary>Claims 32 command blocks at once and frees them.</summary>
    [Benchmark(OperationsPerInvoke = BatchSize)]
    public bool ClaimBlocks32()
    {
        bool isClaimed = _blocks.TryClaim(BatchSize, 0, out int first, out ulong mask);
        _blocks.Free(_blocks.ShardOf(first), mask);
        return isClaimed;
    }

    /// <summary>Takes a room and uses it; every 256th time cmd_room is read.</summary>
    [Benchmark]
    public int ClaimRoom() => ClaimRooms(1);

    /// <summary>Takes 32 rooms at once and uses them.</summary>
    [Benchmark(OperationsPerInvoke = BatchSize)]
    public int ClaimRooms32() => ClaimRooms(BatchSize);

    /// <summary>A read of one block, from submission to completion.</summary>
    [Benchmark(Baseline = true)]
    public void RoundTrip() => _lun.Transfer(in _batch[0]);

    /// <summary>Reads of 32 blocks in one batch.</summary>
    [Benchmark(OperationsPerInvoke = BatchSize)]
    public void RoundTripsOf32() => _lun.Transfer(_batch);

    private int ClaimRooms(int count)
    {
        int taken = _rooms.Take(count);
        if (taken == 0)
        {
            _rooms.TryRefill(_window);
            taken = _rooms.Take(count);
        }

        _rooms.Used(taken);
        return taken;
    }

    /// <summary>A window that always has as many rooms.</summary>
    private readonly struct CountingWindow(ulong rooms) : IRegisterWindow
    {
        public ulong Read(int offset) => rooms;

        public void Write(int offset, ulong value)
        {
        }

        public void Drive()
        {
        }

        public void Wait()
        {
        }
    }
}
