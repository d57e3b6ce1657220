using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Shards;
using FlashKV.Superpipe;

namespace FlashKV.Snapshots;

/// <summary>
/// Loads the segments of a shard's cut one after the other and piece by piece. The next pieces, also
/// of the next segment, are under way on the device while its user is at work on the last, and no
/// other thread wakes for that. A piece lies where it lay in its slot, so that a record in two of
/// them is in one run of memory.
/// </summary>
/// <remarks>
/// Its user is one thread; the cut may be ended by another, which takes the lock to wait for what is
/// under way. Four pieces of a quarter of a MiB under way are as fast as the device, and leave half
/// of a context's command blocks free.
/// </remarks>
internal sealed class SegmentLoader : IDisposable
{
    private const int PieceBytes = 256 << 10;
    private const int MostBegun = 4;

    // Two, so that a piece of the next segment need not wait for its place.
    private const int MostBuffers = 2;

    private readonly StoreCut _store;
    private readonly ShardCut _cut;
    private readonly LogGeometry _geometry;
    private readonly int _pieceBytes;
    private readonly List<PooledBuffer> _buffers = new(MostBuffers);
    private readonly LoadedSegment[] _opened; // by buffer
    private readonly Queue<Piece> _begun = new(MostBegun);
    private readonly Lock _lock = new();
    private int _current = -1; // the number of the segment that its user is at
    private int _free; // before this offset of it, nothing is needed any more
    private int _nextSegment;
    private int _nextOffset;

    public SegmentLoader(StoreCut store, ShardCut cut, StoreContext context)
    {
        _store = store;
        _cut = cut;
        _geometry = context.Geometry;
        _pieceBytes = Math.Min(PieceBytes, _geometry.SegmentBytes);
        _buffers.Add(context.Buffers.Rent(_geometry.SegmentBytes));
        while (_buffers.Count < Math.Min(MostBuffers, cut.Segments.Count)
            && TryRent(context, out PooledBuffer buffer))
        {
            _buffers.Add(buffer);
        }

        _opened = new LoadedSegment[_buffers.Count];
        _store.Add(this);
    }

    /// <summary>The offset in its slot up to which the current segment is loaded.</summary>
    public int LoadedEnd { get; private set; }

    /// <summary>Goes on to the next segment; nothing of it is loaded yet.</summary>
    /// <returns>false if there is none.</returns>
    /// <exception cref="SnapshotExpiredException">The cut was given up.</exception>
    public bool TryOpenNext(out LoadedSegment opened)
    {
        lock (_lock)
        {
            _store.ThrowIfEnded(_cut);
            if (_current + 1 >= _cut.Segments.Count)
            {
                opened = default;
                return false;
            }

            LeaveCurrent();
            _current++;
            _free = 0;
            LoadedEnd = 0;
            BeginAhead();
            opened = _opened[_current % _opened.Length];
            return true;
        }
    }

    /// <summary>Waits for the next piece of the current segment, which has one.</summary>
    /// <exception cref="SnapshotExpiredException">The cut was given up.</exception>
    /// <exception cref="DeviceException">The device failed.</exception>
    public void LoadMore()
    {
        lock (_lock)
        {
            _store.ThrowIfEnded(_cut);
            BeginAhead();

            // What fails stays the next one, so that whoever goes on all the same is told again.
            Piece piece = _begun.Peek();
            if (piece.Transfer is null)
            {
                ReadNow(in piece);
            }
            else
            {
                piece.Transfer.Wait();
            }

            _begun.Dequeue();
            LoadedEnd = piece.End;
        }
    }

    /// <summary>
    /// Says that nothing before an offset of the current segment is needed any more.
    /// </summary>
    public void Release(int offset)
    {
        int free = offset / _pieceBytes * _pieceBytes;
        if (free == _free)
        {
            return;
        }

        lock (_lock)
        {
            _store.ThrowIfEnded(_cut);
            _free = free;
            BeginAhead();
        }
    }

    /// <summary>
    /// Waits for what is under way; the cut has ended, so nothing more is begun. For any thread.
    /// </summary>
    public void Stop()
    {
        lock (_lock)
        {
            foreach (Piece piece in _begun)
            {
                // What fails now, nobody wanted any more.
                piece.Transfer?.Dispose();
            }
        }
    }

    public void Dispose()
    {
        Stop();
        _store.Remove(this);
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

    // A segment without records is left before its only piece was waited for.
    private void LeaveCurrent()
    {
        while (_begun.TryPeek(out Piece piece) && piece.Of.Segment == _cut.Segments[_current])
        {
            piece.Transfer?.Dispose();
            _begun.Dequeue();
        }
    }

    private void BeginAhead()
    {
        while (_begun.Count < MostBegun && _nextSegment < _cut.Segments.Count && HasPlace())
        {
            BeginNext();
        }
    }

    // In its buffer lies nothing, or a segment of which this part was passed.
    private bool HasPlace()
    {
        int distance = _nextSegment - _current;
        return distance < _opened.Length
            || (distance == _opened.Length && _nextOffset + _pieceBytes <= _free);
    }

    private void BeginNext()
    {
        ref LoadedSegment opened = ref _opened[_nextSegment % _opened.Length];
        if (_nextOffset == 0)
        {
            opened = Open(_nextSegment);
        }

        Piece piece = new(opened, _nextOffset, Math.Min(_nextOffset + _pieceBytes, opened.End));
        _begun.Enqueue(piece with { Transfer = Begin(in piece) });
        _nextOffset = piece.End;
        if (_nextOffset == opened.End)
        {
            _nextOffset = 0;
            _nextSegment++;
        }
    }

    private LoadedSegment Open(int number)
    {
        Segment segment = _cut.Segments[number];
        bool isSealed = segment.State != SegmentState.Staged;
        return new LoadedSegment(
            segment,
            _buffers[number % _buffers.Count].Region.Slice(0, _geometry.SegmentBytes),
            isSealed ? segment.Footer.DataEnd : _geometry.SegmentBytes,
            isSealed,
            IsAllLive: isSealed && segment.DeadBytes(_geometry) == 0);
    }

    // What is in memory is copied when it is needed, which finds it in the processor's cache after.
    private PendingTransfer? Begin(in Piece piece) =>
        piece.Of.Segment.Image == 0 && _cut.Shard.Log.Reader.TryBeginRead(
            piece.Of.Segment, piece.Start, piece.End, piece.Of.Image, out PendingTransfer? begun)
                ? begun
                : null;

    // Until the operation ends, the cut holds the segment, and its image stays.
    private void ReadNow(in Piece piece)
    {
        using Epoch.Operation operation = Epoch.Enter();
        _store.ThrowIfEnded(_cut);
        _cut.Shard.Log.Reader.Read(piece.Of.Segment, piece.Start, piece.End, piece.Of.Image);
    }

    /// <summary>A part of a segment, from one offset in its slot to another.</summary>
    /// <param name="Of">The segment.</param>
    /// <param name="Start">The first offset.</param>
    /// <param name="End">The offset behind it.</param>
    /// <param name="Transfer">What brings it; if nothing does, it is read when needed.</param>
    private readonly record struct Piece(
        LoadedSegment Of, int Start, int End, PendingTransfer? Transfer = null);
}
