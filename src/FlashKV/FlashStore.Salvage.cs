using FlashKV.Salvage;
using FlashKV.Superpipe;

namespace FlashKV;

/// <summary>Saving what a damaged store still has.</summary>
public sealed partial class FlashStore
{
    /// <summary>
    /// Reads all that can be read of a store, however damaged it is, and puts it into a new one:
    /// every key with the newest of its values that is whole. The damaged store is only read.
    /// </summary>
    /// <remarks>
    /// A record is believed if its checksum is right, a record in staging if the machine has not
    /// been started anew since, and a batch if all of it is there. Where the newest record of a key
    /// is lost, an older value of it may come back, or a key that was deleted;
    /// <see cref="SalvageReport.Losses"/> names the places. Superblock, chunk headers, segment
    /// headers, footers and summaries can be missing; without a superblock the store is told by its
    /// chunk headers. Everything is read twice, into a buffer of one segment and some 60 bytes of
    /// memory for each key. What was put is on stable storage when the call returns; if it throws
    /// before, the new store has a part of it.
    /// </remarks>
    /// <param name="directory">The directory of the store, which is closed.</param>
    /// <param name="destination">A directory that is empty or not there.</param>
    /// <param name="options">
    /// The options of the new store; null for the defaults. Its segments are at least as large as
    /// those of the damaged store, and it has as many shards where no number is given.
    /// </param>
    /// <param name="progress">Hears of each segment.</param>
    /// <param name="cancellationToken">Ends it between two segments.</param>
    /// <returns>What was recovered, and each damaged place.</returns>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="NotAStoreException">
    /// The directory is not there or has no device file; or the destination holds something.
    /// </exception>
    /// <exception cref="CorruptStoreException">Nothing there can be told to be a store.</exception>
    /// <exception cref="StoreVersionException">The store is of another version.</exception>
    /// <exception cref="StoreLockedException">The store is open.</exception>
    /// <exception cref="StoreFullException">The new store has no room for all of it.</exception>
    /// <exception cref="FlashStoreException">A file cannot be used.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static SalvageReport Salvage(
        string directory,
        string destination,
        FlashStoreOptions? options = null,
        IProgress<SalvageProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentException.ThrowIfNullOrEmpty(destination);
        return SalvageRun.Run(
            null, directory, destination, Checked(options), progress, cancellationToken);
    }

    /// <summary>
    /// Does the same for a store on a device of the caller's, which nobody else uses meanwhile. The
    /// new store is on the embedded default.
    /// </summary>
    /// <param name="device">The device of the store; it is read as one physical LUN.</param>
    /// <param name="directory">The directory of the store, for its staging.</param>
    /// <param name="destination">A directory that is empty or not there.</param>
    /// <param name="options">The options of the new store; null for the defaults.</param>
    /// <param name="progress">Hears of each segment.</param>
    /// <param name="cancellationToken">Ends it between two segments.</param>
    /// <returns>What was recovered, and each damaged place.</returns>
    /// <exception cref="DeviceException">The device cannot be attached to.</exception>
    /// <exception cref="FlashStoreException">As in the other overload.</exception>
    public static SalvageReport Salvage(
        SuperpipeDevice device,
        string directory,
        string destination,
        FlashStoreOptions? options = null,
        IProgress<SalvageProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentException.ThrowIfNullOrEmpty(destination);
        return SalvageRun.Run(
            device, directory, destination, Checked(options), progress, cancellationToken);
    }

    /// <summary>
    /// Reads a store that is closed, as <see cref="Salvage(string, string, FlashStoreOptions?,
    /// IProgress{SalvageProgress}?, CancellationToken)"/> does, and says what could be recovered
    /// and what is damaged. Nothing is written anywhere.
    /// </summary>
    /// <param name="directory">The directory of the store.</param>
    /// <param name="progress">Hears of each segment.</param>
    /// <param name="cancellationToken">Ends it between two segments.</param>
    /// <returns>What could be recovered, and each damaged place.</returns>
    /// <exception cref="FlashStoreException">As when salvaging.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static SalvageReport Examine(
        string directory,
        IProgress<SalvageProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        return SalvageRun.Run(
            null, directory, null, new FlashStoreOptions(), progress, cancellationToken);
    }
}
