using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Shards;

namespace FlashKV.Snapshots;

/// <summary>
/// Loads the segments of a shard's cut one after the other, the next one on a thread of the pool
/// while its user is at work on the last. Where the memory budget has no room for two, or nothing
/// is to happen on other threads, one by one.
/// </summary>
internal sealed class SegmentLoader : IDisposable
{
    private readonly StoreCut _store;
    private readonly ShardCut _cut;
    private readonly int _segmentBytes;
    private PooledBuffer _used;
    private PooledBuffer _ahead;
    private readonly bool _readsAhead;
    private Task<LoadedSegment>? _loading;
    private int _next;

    public SegmentLoader(StoreCut store, ShardCut cut, StoreContext context)
    {
        _store = store;
        _cut = cut;
        _segmentBytes = context.Geometry.SegmentBytes;
        _used = context.Buffers.Rent(_segmentBytes);
        _readsAhead = context.Options is { BackgroundThread: true, Seed: null }
            && cut.Segments.Count > 1
            && TryRent(context, out _ahead);
    }

    /// <summary>Gives the next segment; its bytes stay until the next call.</summary>
    /// <returns>false if there is none.</returns>
    /// <exception cref="SnapshotExpiredException">The cut was given up.</exception>
    /// <exception cref="Superpipe.DeviceException">The device failed.</exception>
    public bool TryLoadNext(out LoadedSegment loaded)
    {
        if (_loading is { } loading)
        {
            _loading = null;
            loaded = loading.GetAwaiter().GetResult();
            (_used, _ahead) = (_ahead, _used);
        }
        else if (_next < _cut.Segments.Count)
        {
            loaded = Load(_cut.Segments[_next++], _used);
        }
        else
        {
            // A cut that has ended says so, also at its end.
            using Epoch.Operation operation = Epoch.Enter();
            _store.ThrowIfEnded(_cut);
            loaded = default;
            return false;
        }

        if (_readsAhead && _next < _cut.Segments.Count)
        {
            Segment segment = _cut.Segments[_next++];
            PooledBuffer buffer = _ahead;
            _loading = Task.Run(() => Load(segment, buffer));
        }

        return true;
    }

    public void Dispose()
    {
        // What fails now, nobody wanted any more.
        _loading?.ContinueWith(
            static loading => loading.Exception,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default).GetAwaiter().GetResult();
        _loading = null;
        _used.Dispose();
        if (_readsAhead)
        {
            _ahead.Dispose();
        }
    }

    private static bool TryRent(StoreContext context, out PooledBuffer buffer)
    {
        try
        {
            buffer = context.Buffers.Rent(context.Geometry.SegmentBytes);
            return true;
        }
        catch (InsufficientMemoryException)
        {
            buffer = default;
            return false;
        }
    }

    // Until the operation ends, the cut holds the segment.
    private LoadedSegment Load(Segment segment, PooledBuffer buffer)
    {
        using Epoch.Operation operation = Epoch.Enter();
        _store.ThrowIfEnded(_cut);
        bool isSealed = segment.State != SegmentState.Staged;
        NativeRegion image = buffer.Region.Slice(0, _segmentBytes);
        _cut.Shard.Log.Reader.ReadSlot(segment, image);
        return new LoadedSegment(segment, image, isSealed);
    }
}
