using FlashKV.SimBackend;

namespace FlashKV.Simulation.Disks;

/// <summary>
/// A medium over a <see cref="Disk"/> that tells of every change before it happens, which is where a
/// power cut can strike, and asks for every transfer whether it is to fail. One thread.
/// </summary>
internal sealed class DiskMedium(Disk disk, long blockCount) : Medium(blockCount)
{
    private readonly Random _random = new(1);

    public Disk Disk { get; } = disk;

    /// <summary>How many blocks can hold something before the device is full.</summary>
    public long SpaceLimitBlocks { get; set; } = long.MaxValue;

    /// <summary>Whether the machine is off: every transfer fails.</summary>
    public bool IsOff { get; set; }

    /// <summary>Hears of a change before it happens: how it would look in the cache.</summary>
    public Action<Func<Disk>>? Changing { get; set; }

    /// <summary>Says how a transfer goes wrong; the argument says whether it is a write.</summary>
    public Func<bool, DiskFault>? Fault { get; set; }

    /// <summary>Hears of every transfer: operation, block, content.</summary>
    public Action<int, long, ReadOnlySpan<byte>>? Traced { get; set; }

    protected override MediumStatus ReadCore(long block, ReadOnlySpan<MemoryRun> runs)
    {
        DiskFault fault = IsOff ? DiskFault.Error : Fault?.Invoke(false) ?? DiskFault.None;
        if (fault is not DiskFault.None and not DiskFault.FlippedBit and not DiskFault.Misdirected)
        {
            return MediumStatus.MediumError;
        }

        long first = block;
        foreach (ref readonly MemoryRun run in runs)
        {
            Span<byte> destination = run.AsSpan();
            for (int i = 0; i < run.BlockCount; i++, block++)
            {
                Disk.Copy(block, destination.Slice(i * BlockBytes, BlockBytes));
            }
        }

        if (fault != DiskFault.None)
        {
            Damage(fault, first, runs);
        }

        return MediumStatus.Good;
    }

    protected override MediumStatus WriteCore(
        long block, ReadOnlySpan<MemoryRun> runs, bool forceUnitAccess)
    {
        if (IsOff)
        {
            return MediumStatus.MediumError;
        }

        if (Changing is not null)
        {
            // Whoever wants the disk as it would be says so before the transfer goes on.
            MemoryRun[] kept = [.. runs];
            Changing(() => WithUnsynced(block, kept));
        }

        Trace(forceUnitAccess ? 2 : 1, block, runs);
        return (Fault?.Invoke(true) ?? DiskFault.None) switch
        {
            DiskFault.Error => MediumStatus.MediumError,
            DiskFault.NoSpace => MediumStatus.OutOfSpace,
            DiskFault.Torn => Tear(block, runs),
            _ => Store(block, runs, forceUnitAccess),
        };
    }

    protected override MediumStatus DiscardCore(long block, long blockCount)
    {
        if (IsOff)
        {
            return MediumStatus.MediumError;
        }

        Changing?.Invoke(() =>
        {
            Disk after = Disk.Copy();
            Discard(after, block, blockCount);
            return after;
        });
        Traced?.Invoke(3, block, default);
        Discard(Disk, block, blockCount);
        return MediumStatus.Good;
    }

    protected override MediumStatus FlushCore()
    {
        if (IsOff)
        {
            return MediumStatus.MediumError;
        }

        Changing?.Invoke(Disk.Copy);
        Traced?.Invoke(4, 0, default);
        Disk.Flush();
        return MediumStatus.Good;
    }

    // Where there is something: most of many blocks is zeros that nobody looks at.
    private void Damage(DiskFault fault, long first, ReadOnlySpan<MemoryRun> runs)
    {
        Span<byte> block = runs[_random.Next(runs.Length)].AsSpan();
        block = block.Slice(_random.Next(block.Length / BlockBytes) * BlockBytes, BlockBytes);
        if (fault == DiskFault.Misdirected)
        {
            Disk.Read(first ^ 1).CopyTo(block);
            return;
        }

        int at = _random.Next(BlockBytes);
        for (int i = 0; i < BlockBytes && block[at] == 0; i++)
        {
            at = (at + 1) % BlockBytes;
        }

        block[at] ^= (byte)(1 << _random.Next(8));
    }

    private static void Discard(Disk disk, long block, long blockCount)
    {
        for (long i = 0; i < blockCount; i++)
        {
            disk.Discard(block + i);
        }
    }

    private void Trace(int operation, long block, ReadOnlySpan<MemoryRun> runs)
    {
        foreach (ref readonly MemoryRun run in runs)
        {
            Traced?.Invoke(operation, block, run.AsSpan());
            block += run.BlockCount;
        }
    }

    private Disk WithUnsynced(long block, MemoryRun[] runs)
    {
        Disk after = Disk.Copy();
        foreach (MemoryRun run in runs)
        {
            for (int i = 0; i < run.BlockCount; i++)
            {
                after.WriteUnsynced(block++, BlockOf(run, i));
            }
        }

        return after;
    }

    private MediumStatus Store(long block, ReadOnlySpan<MemoryRun> runs, bool forceUnitAccess)
    {
        foreach (ref readonly MemoryRun run in runs)
        {
            for (int i = 0; i < run.BlockCount; i++, block++)
            {
                if (SpaceLimitBlocks != long.MaxValue
                    && !Disk.IsOccupied(block) && Disk.OccupiedBlocks >= SpaceLimitBlocks)
                {
                    return MediumStatus.OutOfSpace;
                }

                if (forceUnitAccess)
                {
                    Disk.WriteStable(block, BlockOf(run, i));
                }
                else
                {
                    Disk.WriteUnsynced(block, BlockOf(run, i));
                }
            }
        }

        return MediumStatus.Good;
    }

    private MediumStatus Tear(long block, ReadOnlySpan<MemoryRun> runs)
    {
        foreach (ref readonly MemoryRun run in runs)
        {
            for (int i = 0; i < run.BlockCount; i++, block++)
            {
                byte[] fresh = BlockOf(run, i).ToArray();
                Disk.WriteStable(block, Disk.Mix(Disk.Read(block).ToArray(), fresh, _random));
            }
        }

        return MediumStatus.MediumError;
    }

    private static ReadOnlySpan<byte> BlockOf(in MemoryRun run, int block) =>
        run.AsSpan().Slice(block * BlockBytes, BlockBytes);
}
