using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>A LUN as the AFU reaches it: a medium behind one or more ports.</summary>
internal sealed class AfuTarget(
    int index, Medium medium, int ports, int blockLength = CxlflashLimits.BlockSize)
{
    // Sense key, ASC and ASCQ of the unit attention to report next, packed; 0 is none.
    private int _unitAttention;
    private long _blockCount = medium.BlockCount;

    /// <summary>The position among the adapter's LUNs.</summary>
    internal int Index => index;

    /// <summary>Where the bytes are.</summary>
    internal Medium Medium => medium;

    /// <summary>The mask of the ports that lead here.</summary>
    internal int Ports => ports;

    /// <summary>The length of one of the LUN's own blocks in bytes: 512 or 4,096.</summary>
    internal uint BlockLength => (uint)blockLength;

    /// <summary>The number of its own blocks in a block of the medium.</summary>
    internal int LbasPerBlock => Medium.BlockBytes / blockLength;

    /// <summary>
    /// The capacity in blocks of 4,096 bytes: that of the medium, or less once it was changed.
    /// </summary>
    internal long BlockCount => Volatile.Read(ref _blockCount);

    /// <summary>The last LBA in its own blocks.</summary>
    internal ulong LastLba => ((ulong)BlockCount * (ulong)LbasPerBlock) - 1;

    /// <summary>The 64-bit SCSI LUN read as a big-endian number: LUN n is n &lt;&lt; 48.</summary>
    internal ulong LunId => (ulong)index << 48;

    /// <summary>Changes the capacity.</summary>
    /// <param name="blockCount">In blocks of 4,096 bytes, at most the medium's.</param>
    internal void SetBlockCount(long blockCount)
    {
        Volatile.Write(ref _blockCount, blockCount);
        RaiseUnitAttention(ScsiSense.CapacityChanged);
    }

    /// <summary>Makes the next command report a unit attention.</summary>
    internal void RaiseUnitAttention(ScsiSense sense) =>
        Volatile.Write(
            ref _unitAttention, ((int)sense.Key << 16) | (sense.Asc << 8) | sense.Ascq);

    /// <summary>Takes the pending unit attention, if there is one.</summary>
    internal bool TryTakeUnitAttention(out ScsiSense sense)
    {
        int packed = Volatile.Read(ref _unitAttention);
        if (packed != 0)
        {
            packed = Interlocked.Exchange(ref _unitAttention, 0);
        }

        sense = new ScsiSense((ScsiSenseKey)(packed >> 16), (byte)(packed >> 8), (byte)packed);
        return packed != 0;
    }
}
