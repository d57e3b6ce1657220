using FlashKV.Workloads.Stores;
using Tsavorite.core;
using Allocator = Tsavorite.core.SpanByteAllocator<Tsavorite.core.StoreFunctions<
    Tsavorite.core.SpanByteComparer, Tsavorite.core.SpanByteRecordTriggers>>;
using Functions = Tsavorite.core.StoreFunctions<
    Tsavorite.core.SpanByteComparer, Tsavorite.core.SpanByteRecordTriggers>;

namespace FlashKV.Peers.Tsavorite;

/// <summary>
/// One thread's session. It stays inside the epoch from the first to the last operation and
/// refreshes it now and then, as Tsavorite's own benchmark does.
/// </summary>
internal sealed unsafe class TsavoriteSession : StoreSession
{
    public const int RefreshEvery = 256;

    private readonly ClientSession<
        KeySpan, PinnedSpanByte, Target, Empty, TsavoriteFunctions, Functions, Allocator> _session;

    private readonly UnsafeContext<
        KeySpan, PinnedSpanByte, Target, Empty, TsavoriteFunctions, Functions, Allocator> _context;

    private byte[][] _values = [];
    private int[] _lengths = [];
    private int _operations;

    public TsavoriteSession(TsavoriteKV<Functions, Allocator> store, int valueBytes)
        : base(valueBytes)
    {
        _session = store.NewSession<KeySpan, PinnedSpanByte, Target, Empty, TsavoriteFunctions>(
            new TsavoriteFunctions());
        _context = _session.UnsafeContext;
        _context.BeginUnsafe();
    }

    public override void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Refresh();
        fixed (byte* keyBytes = key)
        {
            Finish(_context.Upsert(new KeySpan(keyBytes, key.Length), value));
        }
    }

    public override int Get(ReadOnlySpan<byte> key, Span<byte> destination)
    {
        Refresh();
        int length = -1;
        fixed (byte* keyBytes = key, valueBytes = destination)
        {
            Target target = new(valueBytes, &length);
            Finish(_context.Read(new KeySpan(keyBytes, key.Length), ref target));
        }

        return length;
    }

    public override int Modify(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, Span<byte> old)
    {
        Refresh();
        int length = -1;
        fixed (byte* keyBytes = key, valueBytes = value, oldBytes = old)
        {
            PinnedSpanByte input = PinnedSpanByte.FromPinnedPointer(valueBytes, value.Length);
            Target target = new(oldBytes, &length);
            Finish(_context.RMW(new KeySpan(keyBytes, key.Length), ref input, ref target));
        }

        return length;
    }

    public override void Delete(ReadOnlySpan<byte> key)
    {
        Refresh();
        fixed (byte* keyBytes = key)
        {
            Finish(_context.Delete(new KeySpan(keyBytes, key.Length)));
        }
    }

    /// <summary>Reads that are not in memory go on together; the wait is for all of them.</summary>
    public override int GetMany(KeyBatch keys)
    {
        Refresh();
        Prepare(keys.Count);
        fixed (int* lengths = _lengths)
        {
            bool isPending = false;
            for (int i = 0; i < keys.Count; i++)
            {
                lengths[i] = -1;

                // SAFETY: Tsavorite copies the key of a read that goes on; values and lengths stay
                // in place until all are done.
                fixed (byte* keyBytes = keys[i], valueBytes = _values[i])
                {
                    Target target = new(valueBytes, lengths + i);
                    isPending |= _context.Read(
                        new KeySpan(keyBytes, keys[i].Length), ref target).IsPending;
                }
            }

            if (isPending)
            {
                _context.CompletePending(wait: true);
            }
        }

        return _lengths.AsSpan(0, keys.Count).Count(ValueBytes);
    }

    public override ReadOnlySpan<byte> ValueAt(int index) =>
        _values[index].AsSpan(0, Math.Max(_lengths[index], 0));

    protected override void Close()
    {
        _context.EndUnsafe();
        _session.Dispose();
    }

    private void Finish(Status status)
    {
        if (status.IsPending)
        {
            _context.CompletePending(wait: true);
        }
    }

    private void Prepare(int count)
    {
        if (_values.Length < count)
        {
            _values =
            [
                .. Enumerable.Range(0, count)
                    .Select(_ => GC.AllocateArray<byte>(ValueBytes, pinned: true)),
            ];
            _lengths = new int[count];
        }
    }

    private void Refresh()
    {
        if (++_operations % RefreshEvery == 0)
        {
            _context.Refresh();
        }
    }
}
