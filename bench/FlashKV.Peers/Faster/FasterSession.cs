using FASTER.core;
using FlashKV.Workloads.Stores;

namespace FlashKV.Peers.Faster;

/// <summary>
/// One thread's session. It stays inside the epoch from the first to the last operation and
/// refreshes it now and then, which is the fastest way of use that FASTER offers.
/// </summary>
internal sealed unsafe class FasterSession : StoreSession
{
    public const int RefreshEvery = 256;

    private readonly ClientSession<SpanByte, SpanByte, SpanByte, Target, Empty, FasterFunctions>
        _session;

    private readonly UnsafeContext<SpanByte, SpanByte, SpanByte, Target, Empty, FasterFunctions>
        _context;

    private byte[][] _values = [];
    private int[] _lengths = [];
    private int _operations;

    public FasterSession(FasterKV<SpanByte, SpanByte> store, int valueBytes)
        : base(valueBytes)
    {
        _session = store.For(new FasterFunctions()).NewSession<FasterFunctions>();
        _context = _session.UnsafeContext;
        _context.BeginUnsafe();
    }

    public override void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Refresh();
        fixed (byte* keyBytes = key, valueBytes = value)
        {
            SpanByte keySpan = SpanByte.FromPointer(keyBytes, key.Length);
            SpanByte valueSpan = SpanByte.FromPointer(valueBytes, value.Length);
            if (_context.Upsert(ref keySpan, ref valueSpan).IsPending)
            {
                _context.CompletePending(wait: true);
            }
        }
    }

    public override int Get(ReadOnlySpan<byte> key, Span<byte> destination)
    {
        Refresh();
        int length = -1;
        fixed (byte* keyBytes = key, valueBytes = destination)
        {
            SpanByte keySpan = SpanByte.FromPointer(keyBytes, key.Length);
            Target target = new(valueBytes, &length);
            if (_context.Read(ref keySpan, ref target).IsPending)
            {
                _context.CompletePending(wait: true);
            }
        }

        return length;
    }

    public override int Modify(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, Span<byte> old)
    {
        Refresh();
        int length = -1;
        fixed (byte* keyBytes = key, valueBytes = value, oldBytes = old)
        {
            SpanByte keySpan = SpanByte.FromPointer(keyBytes, key.Length);
            SpanByte input = SpanByte.FromPointer(valueBytes, value.Length);
            Target target = new(oldBytes, &length);
            if (_context.RMW(ref keySpan, ref input, ref target).IsPending)
            {
                _context.CompletePending(wait: true);
            }
        }

        return length;
    }

    public override void Delete(ReadOnlySpan<byte> key)
    {
        Refresh();
        fixed (byte* keyBytes = key)
        {
            SpanByte keySpan = SpanByte.FromPointer(keyBytes, key.Length);
            if (_context.Delete(ref keySpan).IsPending)
            {
                _context.CompletePending(wait: true);
            }
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

                // SAFETY: FASTER copies the key of a read that goes on; values and lengths stay
                // in place until all are done.
                fixed (byte* keyBytes = keys[i], valueBytes = _values[i])
                {
                    SpanByte keySpan = SpanByte.FromPointer(keyBytes, keys[i].Length);
                    Target target = new(valueBytes, lengths + i);
                    isPending |= _context.Read(ref keySpan, ref target).IsPending;
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
