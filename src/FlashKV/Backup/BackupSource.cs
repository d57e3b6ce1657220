using FlashKV.Clones;
using FlashKV.Memory;
using FlashKV.Shards;
using FlashKV.Snapshots;

namespace FlashKV.Backup;

/// <summary>
/// What a backup is made of: a cut of a store, whose segments are held, segment by segment.
/// </summary>
internal sealed class BackupSource : IDisposable
{
    private readonly StoreCore _core;
    private readonly StoreCut _cut;
    private readonly bool _ownsCut;
    private readonly BackupManifest _description;

    private BackupSource(StoreCore core, StoreCut cut, CloneView view, bool ownsCut)
    {
        _core = core;
        _cut = cut;
        _ownsCut = ownsCut;
        _description = new BackupManifest
        {
            Superblock = view.Superblock,
            CreatedMilliseconds = view.CreatedMilliseconds,
            Shards = Array.ConvertAll(view.Shards, static shard => new BackupShard(
                shard.Sequence,
                [.. shard.Segments.OrderBy(static segment => segment.Slot).Select(
                    static segment => new BackupSegment(
                        segment.Id, segment.Slot, segment.End, 0, 0, 0))])),
        };
    }

    /// <summary>Takes a cut of a store, and brings all that belongs to it to the device.</summary>
    public static BackupSource Of(StoreCore core, SnapshotOptions limits)
    {
        StoreCut cut = StoreCut.TakeForClone(core, limits);
        var view = CloneView.Of(cut, core.Superblock, new StorePlace("", "", ""), null);
        return new BackupSource(core, cut, view, ownsCut: true);
    }

    /// <summary>The cut that a clone is of.</summary>
    public static BackupSource Of(OpenClone clone) =>
        new(clone.Core, clone.Cut, clone.View, ownsCut: false);

    /// <summary>
    /// What a manifest says of it. Its segments have id, slot and end; what is before the ends is on
    /// the device.
    /// </summary>
    public BackupManifest Describe() => _description;

    /// <summary>Memory for one segment.</summary>
    public PooledBuffer RentSegment() => _core.Context.Buffers.Rent(_description.SegmentBytes);

    /// <summary>Reads blocks of a segment from the device.</summary>
    /// <exception cref="SnapshotExpiredException">The cut was given up.</exception>
    /// <exception cref="CloneEndedException">The clone was given up.</exception>
    /// <exception cref="Superpipe.DeviceException">The device failed.</exception>
    public void ReadBlocks(int shard, int slot, int firstBlock, int blocks, nint destination)
    {
        ThrowIfEnded(shard);
        try
        {
            _cut.Shards[shard].Shard.Log.Reader.ReadBlocks(slot, firstBlock, blocks, destination);
        }
        catch (Superpipe.DeviceException failure)
            when (_cut.Explain?.Invoke(failure) is { } because)
        {
            throw because;
        }
    }

    /// <summary>
    /// Throws if the cut was given up, and what was read may have been another segment's already.
    /// </summary>
    public void ThrowIfEnded(int shard) => _cut.ThrowIfEnded(_cut.Shards[shard]);

    public void Dispose()
    {
        if (_ownsCut)
        {
            _cut.End(CutEnd.Disposed);
        }
    }
}
