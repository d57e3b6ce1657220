using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using FlashKV.Superpipe;
using FlashKV.Workloads.Workers;

namespace FlashKV.Workloads.Resets;

/// <summary>
/// One thread of the load. It writes batches to a part of the LUN that is its own and reads earlier
/// ones back. A block is filled with one number, made from its address and its version.
/// </summary>
internal sealed unsafe class LoadThread : IDisposable
{
    public const int BatchBlocks = 32;

    private const int PartBlocks = LoadRig.BlockCount / LoadRig.ThreadCount;
    private const int BatchCount = PartBlocks / BatchBlocks;
    private const int WordsPerBlock = Lun.BlockSize / sizeof(ulong);

    private readonly VirtualLun _lun;
    private readonly long _firstBlock;
    private readonly byte* _buffer;
    private readonly uint[] _versions = new uint[BatchCount];
    private readonly Random _random;
    private readonly Thread _thread;
    private Exception? _failure;
    private volatile bool _isStopped;

    public LoadThread(VirtualLun lun, int number)
    {
        _lun = lun;
        _firstBlock = (long)number * PartBlocks;
        _random = new Random(number);
        _thread = new Thread(Load);

        // SAFETY: freed by Dispose, when the thread has ended.
        _buffer = (byte*)NativeMemory.AlignedAlloc(BatchBlocks * Lun.BlockSize, Lun.BlockSize);
    }

    /// <summary>The blocks transferred so far.</summary>
    public long Blocks { get; private set; }

    /// <summary>How long the transfers took.</summary>
    public Latencies Latencies { get; } = new();

    /// <summary>The longest transfer so far.</summary>
    public TimeSpan Longest { get; private set; }

    public void Start() => _thread.Start();

    /// <summary>Ends the thread, and throws what it met.</summary>
    public void Stop()
    {
        _isStopped = true;
        _thread.Join();
        if (_failure is not null)
        {
            ExceptionDispatchInfo.Throw(_failure);
        }
    }

    /// <summary>
    /// Writes everything once, before the thread starts: a file system takes long to find room.
    /// </summary>
    public void WriteAll()
    {
        for (int batch = 0; batch < BatchCount; batch++)
        {
            Write(batch);
        }

        Latencies.Clear();
        Longest = default;
        Blocks = 0;
    }

    /// <summary>Reads everything that the thread has written.</summary>
    public void VerifyAll()
    {
        for (int batch = 0; batch < BatchCount; batch++)
        {
            if (_versions[batch] != 0)
            {
                Read(batch);
            }
        }
    }

    public void Dispose()
    {
        _isStopped = true;
        if (_thread.ThreadState != System.Threading.ThreadState.Unstarted)
        {
            _thread.Join();
        }

        // SAFETY: from AlignedAlloc; the thread has ended, and with it its transfers.
        NativeMemory.AlignedFree(_buffer);
    }

    private void Load()
    {
        try
        {
            while (!_isStopped)
            {
                Write(_random.Next(BatchCount));
                int batch = _random.Next(BatchCount);
                if (_versions[batch] != 0)
                {
                    Read(batch);
                }
            }
        }
        catch (Exception exception)
        {
            _failure = exception;
        }
    }

    private void Write(int batch)
    {
        _versions[batch]++;
        for (int block = 0; block < BatchBlocks; block++)
        {
            Words(block).Fill(Stamp(batch, block));
        }

        Transfer(BlockOperation.Write, batch);
    }

    private void Read(int batch)
    {
        Transfer(BlockOperation.Read, batch);
        for (int block = 0; block < BatchBlocks; block++)
        {
            if (Words(block).ContainsAnyExcept(Stamp(batch, block)))
            {
                throw new InvalidOperationException(
                    $"Block {FirstBlockOf(batch) + block} is not what was written last.");
            }
        }
    }

    private void Transfer(BlockOperation operation, int batch)
    {
        long start = Stopwatch.GetTimestamp();
        _lun.Transfer(new BlockTransfer(
            operation, FirstBlockOf(batch), BatchBlocks, (nint)_buffer));
        TimeSpan taken = Stopwatch.GetElapsedTime(start);
        Latencies.Add(taken.TotalNanoseconds);
        Longest = taken > Longest ? taken : Longest;
        Blocks += BatchBlocks;
    }

    // SAFETY: the buffer has as many blocks, and lives as long as the thread.
    private Span<ulong> Words(int block) =>
        new(_buffer + (block * Lun.BlockSize), WordsPerBlock);

    private ulong Stamp(int batch, int block) =>
        ((ulong)_versions[batch] << 32) | (uint)(FirstBlockOf(batch) + block);

    private long FirstBlockOf(int batch) => _firstBlock + ((long)batch * BatchBlocks);
}
