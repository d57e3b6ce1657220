using FlashKV.Opening;
using FlashKV.Superpipe;

namespace FlashKV.Salvage;

/// <summary>One salvage from opening the source to closing the new store.</summary>
internal static class SalvageRun
{
    /// <summary>Judges a store and, if a destination is named, copies what counts.</summary>
    /// <param name="device">The device of the store; null for the file in its directory.</param>
    /// <param name="directory">The directory of the store.</param>
    /// <param name="destination">The directory of the new store; null only to judge.</param>
    /// <param name="options">The options of the new store.</param>
    /// <param name="progress">Hears of each segment.</param>
    /// <param name="cancellationToken">Ends it between two segments.</param>
    public static SalvageReport Run(
        SuperpipeDevice? device,
        string directory,
        string? destination,
        FlashStoreOptions options,
        IProgress<SalvageProgress>? progress,
        CancellationToken cancellationToken)
    {
        using ClosedStore files = ClosedStore.Open(directory);
        using IBlockSource blocks = device is null
            ? files.OpenDeviceFile()
            : LunBlockSource.Open(device, options.Attachment);
        SourceSurvey survey = SourceSurvey.Of(blocks, files.Path);
        using StagedSegments staged = StagedSegments.Open(files.StagingPath, survey);
        var salvager = new Salvager(blocks, survey, staged, progress, cancellationToken);
        SalvageReport report = salvager.Judge(options.HashMask);
        if (destination is null)
        {
            return report;
        }

        using FlashStore store = FlashStore.Open(destination, OptionsFor(survey, options));
        long keys = salvager.Copy(
            (key, value) => store.Put(key, value, Durability.Buffered));
        store.Flush();
        return report with { Keys = keys };
    }

    // Each value of the store must fit into the new one.
    private static FlashStoreOptions OptionsFor(SourceSurvey survey, FlashStoreOptions options) =>
        options with
        {
            OpenMode = OpenMode.CreateNew,
            SegmentBytes = Math.Max(options.SegmentBytes, survey.SegmentBytes),
            Shards = options.Shards == 0
                ? survey.Superblock?.ShardCount ?? 0
                : options.Shards,
        };
}
