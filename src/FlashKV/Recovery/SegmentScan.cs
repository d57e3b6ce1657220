using FlashKV.Log;
using FlashKV.Memory;

namespace FlashKV.Recovery;

/// <summary>Walks the records of an unsealed segment to where they end.</summary>
internal static class SegmentScan
{
    /// <summary>
    /// Walks what the device holds: records follow each other up to the first one whose checksum is
    /// wrong. What lies behind was never acknowledged, and is cleared.
    /// </summary>
    public static SegmentEnd ScanDevice(NativeRegion data, int start, uint seed)
    {
        int offset = start;
        int count = 0;
        while (RecordView.TryParse(Rest(data, offset), out RecordView record)
            && record.State is RecordState.Committed or RecordState.Dead
            && record.HasChecksum(RecordFormat.SeedAt(seed, offset)))
        {
            offset += record.Size;
            count++;
        }

        data.Span(offset, data.Length - offset).Clear();
        return new SegmentEnd(offset, count, IsClosed: false);
    }

    /// <summary>
    /// Walks what a process left in staging: the sizes chain the records; those that were claimed
    /// and never completed are dead.
    /// </summary>
    /// <returns>null if the chain is broken, which no process leaves behind.</returns>
    public static SegmentEnd? ScanStaging(NativeRegion data, int start)
    {
        int offset = start;
        int count = 0;
        while (offset <= data.Length - sizeof(long))
        {
            long word = data.Word(offset);
            RecordState state = RecordFormat.StateOfWord(word);
            int size = RecordFormat.SizeOfWord(word);
            if (state is RecordState.Empty or RecordState.End)
            {
                return new SegmentEnd(offset, count, state == RecordState.End);
            }

            if (state > RecordState.End
                || size < RecordFormat.HeaderBytes || size > data.Length - offset)
            {
                return null;
            }

            if (state == RecordState.Reserved)
            {
                Kill(data.Span(offset, size), size);
            }

            offset += size;
            count++;
        }

        return null;
    }

    // The writer died over it: nothing but the size can be relied on.
    private static void Kill(Span<byte> record, int size)
    {
        RecordFormat.WriteDead(record, size);
        Step.Reached("dead");
    }

    private static Span<byte> Rest(NativeRegion data, int offset) =>
        data.Span(offset, data.Length - offset);
}
