using System.Diagnostics;

namespace FlashKV.SimBackend;

/// <summary>
/// A medium that wraps another and goes wrong on demand: errors, torn, lost and misdirected writes,
/// flipped bits, a full device, and the loss of power with unsynced blocks kept, lost, torn or
/// reordered.
/// </summary>
/// <remarks>
/// <para>
/// The wrapped medium is the stable storage. A write without force unit access stays in a volatile
/// cache, which reads see, until <see cref="Medium.Flush"/>; a write with it reaches stable storage
/// at once, alone. A power cut decides what becomes of the cache.
/// </para>
/// <para>
/// Deterministic: the same seed and the same sequence of calls give the same run. Calls from
/// several threads are taken one at a time, in whatever order they come.
/// </para>
/// <para>
/// Every write, discard and flush is a <em>change</em>, numbered from 0 in
/// <see cref="ChangeCount"/>.
/// To visit all crash points of a program, count the changes of one run, then repeat it with
/// <see cref="CutPowerAt"/> for each of them.
/// </para>
/// <para>
/// Disposing of it writes the cache to the wrapped medium, as an orderly shutdown does, and does
/// not dispose of that medium.
/// </para>
/// </remarks>
public sealed partial class FaultyMedium : Medium
{
    private readonly Medium _inner;
    private readonly Random _random;
    private readonly Lock _lock = new();
    private readonly UnsyncedBlocks _unsynced = new();
    private readonly List<PlannedFault> _planned = [];
    private readonly HashSet<long> _badBlocks = [];
    private readonly HashSet<long> _occupied = [];
    private readonly AlignedBlock _block = new();
    private long _cutAt = long.MaxValue;
    private bool _isDisposed;

    /// <summary>Wraps a medium.</summary>
    /// <param name="inner">The stable storage; it is not disposed of.</param>
    /// <param name="seed">What all choices come from.</param>
    public FaultyMedium(Medium inner, int seed)
        : base((inner ?? throw new ArgumentNullException(nameof(inner))).BlockCount)
    {
        _inner = inner;
        _random = new Random(seed);
        Seed = seed;
    }

    private enum OperationKind
    {
        Read,
        Write,
        Flush,
    }

    /// <summary>What all choices come from.</summary>
    public int Seed { get; }

    /// <summary>What a power cut does to unsynced blocks.</summary>
    public PowerCutMode PowerCutMode { get; set; }

    /// <summary>
    /// How many different blocks can be written (through this wrapper, and not discarded since)
    /// before the medium is out of space. A write that does not fit writes what fits.
    /// </summary>
    public long SpaceLimitBlocks { get; set; } = long.MaxValue;

    /// <summary>The chance that a read ends with an error, 0 to 1.</summary>
    public double ReadErrorRate { get; set; }

    /// <summary>The chance that a write ends with an error and wrote nothing, 0 to 1.</summary>
    public double WriteErrorRate { get; set; }

    /// <summary>The number of writes, discards and flushes so far.</summary>
    public long ChangeCount { get; private set; }

    /// <summary>The number of blocks that a power cut could take.</summary>
    public int UnsyncedBlockCount
    {
        get
        {
            lock (_lock)
            {
                return _unsynced.Count;
            }
        }
    }

    /// <summary>
    /// Whether there is power. Without it every operation ends with
    /// <see cref="MediumStatus.MediumError"/>.
    /// </summary>
    public bool IsPowered { get; private set; } = true;

    /// <summary>Makes one of the coming operations go wrong.</summary>
    /// <param name="fault">How; it also says which kind of operation is meant.</param>
    /// <param name="operationsBefore">
    /// How many operations of that kind (reads, writes, flushes) pass before it.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public void InjectFault(MediumFault fault, long operationsBefore = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(operationsBefore);
        if (!Enum.IsDefined(fault))
        {
            throw new ArgumentOutOfRangeException(nameof(fault));
        }

        lock (_lock)
        {
            _planned.Add(new PlannedFault(fault, operationsBefore));
        }
    }

    /// <summary>Makes a block unreadable until it is written or discarded.</summary>
    /// <param name="block">The block.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such block.</exception>
    public void MarkBad(long block)
    {
        CheckBlock(block);
        lock (_lock)
        {
            _badBlocks.Add(block);
        }
    }

    /// <summary>Flips one bit of a block on the medium.</summary>
    /// <param name="block">The block.</param>
    /// <param name="bit">The bit, 0 to 32,767: bit n % 8 of byte n / 8.</param>
    /// <returns>How reading and writing the block back ended.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such block or bit.</exception>
    public MediumStatus FlipBit(long block, int bit)
    {
        CheckBlock(block);
        ArgumentOutOfRangeException.ThrowIfNegative(bit);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(bit, BlockBytes * 8);
        lock (_lock)
        {
            return FlipBitUnsynchronized(block, bit);
        }
    }

    /// <summary>Cuts the power now.</summary>
    /// <returns>How settling the unsynced blocks on the wrapped medium ended.</returns>
    public MediumStatus CutPower()
    {
        lock (_lock)
        {
            return CutPowerUnsynchronized();
        }
    }

    /// <summary>
    /// Cuts the power in the middle of a change: a write or discard is treated like the unsynced
    /// ones before it, a flush does nothing, and neither is acknowledged.
    /// </summary>
    /// <param name="change">
    /// The number of the change, as <see cref="ChangeCount"/> counts; <see cref="long.MaxValue"/>
    /// for none.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">That change is past.</exception>
    public void CutPowerAt(long change)
    {
        lock (_lock)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(change, ChangeCount);
            _cutAt = change;
        }
    }

    /// <summary>Gives the power back; what survived the cut is there.</summary>
    public void RestorePower()
    {
        lock (_lock)
        {
            IsPowered = true;
            _cutAt = long.MaxValue;
        }
    }

    /// <inheritdoc/>
    protected override MediumStatus ReadCore(long block, ReadOnlySpan<MemoryRun> runs)
    {
        lock (_lock)
        {
            MediumFault? fault = TakeFault(OperationKind.Read);
            if (!IsPowered || fault == MediumFault.ReadError || StrikesAt(ReadErrorRate))
            {
                return MediumStatus.MediumError;
            }

            MediumStatus status = ReadNewest(block, runs);
            if (fault == MediumFault.ReadBitFlip && status == MediumStatus.Good)
            {
                FlipRandomBit(runs[_random.Next(runs.Length)].AsSpan());
            }

            return status;
        }
    }

    /// <inheritdoc/>
    protected override MediumStatus WriteCore(
        long block, ReadOnlySpan<MemoryRun> runs, bool forceUnitAccess)
    {
        lock (_lock)
        {
            MediumFault? fault = TakeFault(OperationKind.Write);
            if (!IsPowered)
            {
                return MediumStatus.MediumError;
            }

            if (ChangeCount++ == _cutAt)
            {
                AddUnsynced(block, runs);
                _ = CutPowerUnsynchronized();
                return MediumStatus.MediumError;
            }

            if (fault is null && StrikesAt(WriteErrorRate))
            {
                fault = MediumFault.WriteError;
            }

            return fault is { } struck
                ? WriteFaulty(struck, block, runs, forceUnitAccess)
                : WriteWithinSpace(block, runs, forceUnitAccess);
        }
    }

    /// <inheritdoc/>
    protected override MediumStatus DiscardCore(long block, long blockCount)
    {
        lock (_lock)
        {
            if (!IsPowered)
            {
                return MediumStatus.MediumError;
            }

            bool isCut = ChangeCount++ == _cutAt;
            MediumStatus status = DiscardUnsynced(block, blockCount);
            if (isCut)
            {
                _ = CutPowerUnsynchronized();
                status = MediumStatus.MediumError;
            }

            return status;
        }
    }

    /// <inheritdoc/>
    protected override MediumStatus FlushCore()
    {
        lock (_lock)
        {
            MediumFault? fault = TakeFault(OperationKind.Flush);
            if (!IsPowered)
            {
                return MediumStatus.MediumError;
            }

            if (ChangeCount++ == _cutAt)
            {
                _ = CutPowerUnsynchronized();
                return MediumStatus.MediumError;
            }

            return fault switch
            {
                MediumFault.FlushError => MediumStatus.MediumError,
                MediumFault.LostFlush => MediumStatus.Good,
                _ => FlushUnsynced(),
            };
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            lock (_lock)
            {
                if (!_isDisposed && IsPowered)
                {
                    _ = FlushUnsynced();
                }

                _isDisposed = true;
                _block.Dispose();
            }
        }

        base.Dispose(disposing);
    }

    private static OperationKind KindOf(MediumFault fault) => fault switch
    {
        MediumFault.ReadError or MediumFault.ReadBitFlip => OperationKind.Read,
        MediumFault.FlushError or MediumFault.LostFlush => OperationKind.Flush,
        _ => OperationKind.Write,
    };

    private void CheckBlock(long block)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(block);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(block, BlockCount);
    }

    // Counts an operation against the planned faults of its kind; the first that is due strikes.
    private MediumFault? TakeFault(OperationKind kind)
    {
        MediumFault? struck = null;
        for (int i = 0; i < _planned.Count; i++)
        {
            PlannedFault planned = _planned[i];
            if (KindOf(planned.Fault) != kind)
            {
                continue;
            }

            if (planned.OperationsBefore == 0 && struck is null)
            {
                struck = planned.Fault;
                _planned.RemoveAt(i--);
            }
            else
            {
                long left = Math.Max(0, planned.OperationsBefore - 1);
                _planned[i] = planned with { OperationsBefore = left };
            }
        }

        return struck;
    }

    // Draws only where there is a chance, so that a rate of 0 leaves the sequence of choices alone.
    private bool StrikesAt(double rate) => rate > 0 && _random.NextDouble() < rate;

    private void FlipRandomBit(Span<byte> bytes)
    {
        Debug.Assert(!bytes.IsEmpty, "a run has at least one block");
        int bit = _random.Next(bytes.Length * 8);
        bytes[bit / 8] ^= (byte)(1 << (bit % 8));
    }

    private readonly record struct PlannedFault(MediumFault Fault, long OperationsBefore);
}
