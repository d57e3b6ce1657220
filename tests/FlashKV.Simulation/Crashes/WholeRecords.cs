using FlashKV.Log;
using FlashKV.Salvage;
using FlashKV.Simulation.Disks;
using FlashKV.Simulation.Machines;

namespace FlashKV.Simulation.Crashes;

/// <summary>
/// Finds the records that are whole in the unsealed segments of a disk, by looking at every place
/// where one could begin.
/// </summary>
internal static class WholeRecords
{
    /// <summary>Finds the records of no batch.</summary>
    /// <returns>The key of each, and its value; null for a tombstone.</returns>
    public static IReadOnlyList<(int Key, byte[]? Value)> On(Machine machine)
    {
        using var blocks = new DiskBlockSource(
            machine.Medium.Disk, machine.Medium.BlockCount, -1);
        SourceSurvey survey = SourceSurvey.Of(blocks, "");
        var found = new List<(int, byte[]?)>();
        byte[] image = new byte[survey.SegmentBytes];
        foreach (FoundSegment segment in new SegmentFinder(blocks, survey).Find().Values.Where(
            static segment => segment.Footer is null))
        {
            if (blocks.TryRead(segment.DeviceBlock, image))
            {
                Find(image, segment.Header.ChecksumSeed, found);
            }
        }

        return found;
    }

    private static void Find(byte[] image, uint seed, List<(int Key, byte[]? Value)> found)
    {
        const RecordFlags OfBatch = RecordFlags.BatchMember | RecordFlags.BatchCommit;
        for (int offset = 0; offset < image.Length; offset += RecordFormat.Alignment)
        {
            if (RecordView.TryParse(image.AsSpan(offset), out RecordView record)
                && record.State == RecordState.Committed
                && (record.Flags & OfBatch) == 0
                && record.HasChecksum(RecordFormat.SeedAt(seed, offset)))
            {
                found.Add((
                    Keys.Number(record.Key), record.IsTombstone ? null : record.Value.ToArray()));
            }
        }
    }
}
