using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Shards;

namespace FlashKV.Snapshots;

/// <summary>
/// Loads the segments of a shard's cut one after the other, the next ones on threads of the pool
/// while its user is at work on the last: two, so that the device always has one to read. Where the
/// memory budget has no room for them, or nothing is to happen on other threads, fewer.
/// </summary>
internal sealed class SegmentLoader : IDisposable
{
    private const int MostAhead = 2;

    private readonly StoreCut _store;
    private readonly ShardCut _cut;
    private readonly LogGeometry _geometry;
    private readonly List<PooledBuffer> _buffers = new(1 + MostAhead); // segment after segment
    private readonly Queue<Task<LoadedSegment>> _loading = new(MostAhead);
    private int _given;
    private int _begun;

    public SegmentLoader(StoreCut store, ShardCut cut, StoreContext context)
    {
        _store = store;
        _cut = cut;
        _geometry = context.Geometry;
        _buffers.Add(context.Buffers.Rent(_geometry.SegmentBytes));
        int ahead = context.Options is { BackgroundThread: true, Seed: null }
            ? Math.Min(MostAhead, cut.Segments.Count - 1)
            : 0;
        while (_buffers.Count <= ahead && TryRent(context, out PooledBuffer buffer))
        {
            _buffers.Add(buffer);
        }
    }

    /// <summary>Gives the next segment; its bytes stay until the next call.</summary>
    /// <returns>false if there is none.</returns>
    /// <exception cref="SnapshotExpiredException">The cut was given up.</exception>
    /// <exception cref="Superpipe.DeviceException">The device failed.</exception>
    public bool TryLoadNext(out LoadedSegment loaded)
    {
        if (_given == _cut.Segments.Count)
        {
            // A cut that has ended says so, also at its end.
            using Epoch.Operation operation = Epoch.Enter();
            _store.ThrowIfEnded(_cut);
            loaded = default;
            return false;
        }

        // The first one is loaded here.
        int next = _given++;
        bool isBegun = next < _begun;
        _begun = Math.Max(_begun, _given);
        LoadAhead();
        loaded = isBegun ? _loading.Dequeue().GetAwaiter().GetResult() : Load(next);
        return true;
    }

    public void Dispose()
    {
        foreach (Task<LoadedSegment> loading in _loading)
        {
            // What fails now, nobody wanted any more.
            loading.ContinueWith(
                static loading => loading.Exception,
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default).GetAwaiter().GetResult();
        }

        _loading.Clear();
        _buffers.ForEach(static buffer => buffer.Dispose());
        _buffers.Clear();
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

    // All buffers but that of the segment that is given now are free or being filled.
    private void LoadAhead()
    {
        int end = Math.Min(_given + _buffers.Count - 1, _cut.Segments.Count);
        while (_begun < end)
        {
            int number = _begun++;
            _loading.Enqueue(Task.Run(() => Load(number)));
        }
    }

    // Until the operation ends, the cut holds the segment.
    private LoadedSegment Load(int number)
    {
        using Epoch.Operation operation = Epoch.Enter();
        _store.ThrowIfEnded(_cut);
        Segment segment = _cut.Segments[number];
        bool isSealed = segment.State != SegmentState.Staged;
        bool isAllLive = isSealed && segment.DeadBytes(_geometry) == 0;
        NativeRegion image =
            _buffers[number % _buffers.Count].Region.Slice(0, _geometry.SegmentBytes);
        _cut.Shard.Log.Reader.ReadSlot(segment, image);
        return new LoadedSegment(segment, image, isSealed, isAllLive);
    }
}
