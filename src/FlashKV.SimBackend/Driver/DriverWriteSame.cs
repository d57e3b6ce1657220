using FlashKV.SimBackend.Afu;

namespace FlashKV.SimBackend.Driver;

/// <summary>
/// The driver's own WRITE SAME(16) of zeros (SP §3.8), in LBAs of the LUN. Whole blocks of the
/// medium are discarded; of the first and the last, the part is overwritten.
/// </summary>
internal static class DriverWriteSame
{
    /// <summary>Zeroes a range of LBAs.</summary>
    /// <param name="target">The LUN.</param>
    /// <param name="lba">The first LBA.</param>
    /// <param name="count">The number of LBAs; what leaves the LUN is an error.</param>
    internal static MediumStatus Zero(AfuTarget target, long lba, long count)
    {
        int perBlock = target.LbasPerBlock;
        long end = lba + count;
        if (lba < 0 || end > target.Medium.BlockCount * perBlock)
        {
            return MediumStatus.MediumError;
        }

        long firstWhole = (lba + perBlock - 1) / perBlock;
        long endWhole = end / perBlock;
        if (firstWhole > endWhole)
        {
            return ZeroPart(target, endWhole, (int)(lba % perBlock), (int)(end % perBlock));
        }

        MediumStatus head = lba % perBlock == 0
            ? MediumStatus.Good
            : ZeroPart(target, firstWhole - 1, (int)(lba % perBlock), perBlock);
        MediumStatus body = target.Medium.Discard(firstWhole, endWhole - firstWhole);
        MediumStatus tail = end % perBlock == 0
            ? MediumStatus.Good
            : ZeroPart(target, endWhole, 0, (int)(end % perBlock));
        return head != MediumStatus.Good ? head : body != MediumStatus.Good ? body : tail;
    }

    private static MediumStatus ZeroPart(AfuTarget target, long block, int from, int to)
    {
        using AlignedBlock buffer = new();
        MemoryRun[] run = [buffer.Run];
        MediumStatus status = target.Medium.Read(block, run);
        if (status != MediumStatus.Good)
        {
            return status;
        }

        int lbaBytes = (int)target.BlockLength;
        buffer.Run.AsSpan()[(from * lbaBytes)..(to * lbaBytes)].Clear();
        return target.Medium.Write(block, run, forceUnitAccess: false);
    }
}
