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
        if (IsOff || Fault?.Invoke(false) is { } fault and not DiskFault.None)
        {
            return MediumStatus.MediumError;
        }

        foreach (ref readonly MemoryRun run in runs)
        {
            Span<byte> destination = run.AsSpan();
            for (int i = 0; i < run.BlockCount; i++, block++)
            {
                Disk.Read(block).CopyTo(destination[(i * BlockBytes)..]);
            }
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

        byte[] content = Gather(runs);
        Changing?.Invoke(() => WithUnsynced(block, content));
        Traced?.Invoke(forceUnitAccess ? 2 : 1, block, content);
        return (Fault?.Invoke(true) ?? DiskFault.None) switch
        {
            DiskFault.Error => MediumStatus.MediumError,
            DiskFault.NoSpace => MediumStatus.OutOfSpace,
            DiskFault.Torn => Tear(block, content),
            _ => Write(block, content, forceUnitAccess),
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

    private static void Discard(Disk disk, long block, long blockCount)
    {
        for (long i = 0; i < blockCount; i++)
        {
            disk.Discard(block + i);
        }
    }

    private static byte[] Gather(ReadOnlySpan<MemoryRun> runs)
    {
        int length = 0;
        foreach (ref readonly MemoryRun run in runs)
        {
            length += run.ByteCount;
        }

        byte[] content = new byte[length];
        Span<byte> rest = content;
        foreach (ref readonly MemoryRun run in runs)
        {
            run.AsSpan().CopyTo(rest);
            rest = rest[run.ByteCount..];
        }

        return content;
    }

    private Disk WithUnsynced(long block, byte[] content)
    {
        Disk after = Disk.Copy();
        for (int offset = 0; offset < content.Length; offset += BlockBytes)
        {
            after.WriteUnsynced(block++, content.AsSpan(offset, BlockBytes));
        }

        return after;
    }

    private MediumStatus Write(long block, byte[] content, bool forceUnitAccess)
    {
        for (int offset = 0; offset < content.Length; offset += BlockBytes, block++)
        {
            if (SpaceLimitBlocks != long.MaxValue
                && !Disk.IsOccupied(block) && Disk.OccupiedBlocks >= SpaceLimitBlocks)
            {
                return MediumStatus.OutOfSpace;
            }

            ReadOnlySpan<byte> bytes = content.AsSpan(offset, BlockBytes);
            if (forceUnitAccess)
            {
                Disk.WriteStable(block, bytes);
            }
            else
            {
                Disk.WriteUnsynced(block, bytes);
            }
        }

        return MediumStatus.Good;
    }

    private MediumStatus Tear(long block, byte[] content)
    {
        for (int offset = 0; offset < content.Length; offset += BlockBytes, block++)
        {
            byte[] fresh = content.AsSpan(offset, BlockBytes).ToArray();
            Disk.WriteStable(block, Disk.Mix(Disk.Read(block).ToArray(), fresh, _random));
        }

        return MediumStatus.MediumError;
    }
}
