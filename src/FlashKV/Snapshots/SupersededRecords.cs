using FlashKV.Index;
using FlashKV.Memory;

namespace FlashKV.Snapshots;

/// <summary>
/// The records that were current at a cut and that the index no longer points to, by the hash of
/// their key: a table in unmanaged memory of the store's budget that only grows.
/// </summary>
internal sealed class SupersededRecords(UnmanagedMemory memory) : IDisposable
{
    private const int FirstLength = 64;
    private const int RecordBytes = 16;
    private const int EntryOffset = 8;
    private const int MostLength = 1 << 26;

    // Hashes of one shard have bits in common: the product brings the others to the top.
    private const ulong Spread = 0x9E37_79B9_7F4A_7C15;

    private readonly Lock _lock = new();
    private MemoryBlock _block;
    private NativeRegion _table;
    private int _length; // a power of two; 0 before the first record
    private int _count;
    private bool _isRefused;
    private bool _isDisposed;

    /// <summary>
    /// Whether memory for a record was refused: then what the table says is of no use.
    /// </summary>
    public bool IsRefused => Volatile.Read(ref _isRefused);

    /// <summary>The bytes that it takes of the budget.</summary>
    public long Bytes => (long)Volatile.Read(ref _length) * RecordBytes;

    /// <summary>Adds a record, unless memory is refused.</summary>
    /// <param name="hash">The hash of its key.</param>
    /// <param name="entry">What the index had of it.</param>
    public void Add(ulong hash, IndexEntry entry)
    {
        lock (_lock)
        {
            if (_isDisposed || _isRefused)
            {
                return;
            }

            if (4L * (_count + 1) > 3L * _length && !TryGrow())
            {
                Volatile.Write(ref _isRefused, true);
                return;
            }

            Insert(hash, entry);
            _count++;
        }
    }

    /// <summary>Whether it has a record of a hash at an address.</summary>
    public bool Contains(ulong hash, long address)
    {
        lock (_lock)
        {
            int number = 0;
            while (TryFindUnsynchronized(hash, number++, out IndexEntry entry))
            {
                if (entry.Address == address)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Finds the records of a hash, one after another.</summary>
    /// <param name="hash">The hash.</param>
    /// <param name="number">How many of them to pass over.</param>
    /// <param name="entry">What the index had of the next.</param>
    public bool TryFind(ulong hash, int number, out IndexEntry entry)
    {
        lock (_lock)
        {
            return TryFindUnsynchronized(hash, number, out entry);
        }
    }

    /// <summary>Gives the memory back; nobody adds or looks any more.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            Free(_block, _length);
            Volatile.Write(ref _length, 0);
            _isDisposed = true;
        }
    }

    private bool TryFindUnsynchronized(ulong hash, int number, out IndexEntry entry)
    {
        for (int place = PlaceOf(hash); _length != 0; place = Next(place))
        {
            entry = EntryAt(place);
            if (entry.IsEmpty)
            {
                return false;
            }

            if (HashAt(place) == hash && number-- == 0)
            {
                return true;
            }
        }

        entry = default;
        return false;
    }

    private void Insert(ulong hash, IndexEntry entry)
    {
        int place = PlaceOf(hash);
        while (!EntryAt(place).IsEmpty)
        {
            place = Next(place);
        }

        _table.Word(place * RecordBytes) = (long)hash;
        _table.Word((place * RecordBytes) + EntryOffset) = (long)entry.Word;
    }

    private bool TryGrow()
    {
        int length = Math.Max(FirstLength, 2 * _length);
        if (length > MostLength
            || !memory.TryAllocate(
                MemoryCategory.Snapshots, (long)length * RecordBytes, out MemoryBlock block))
        {
            return false;
        }

        (MemoryBlock Block, NativeRegion Table, int Length) before = (_block, _table, _length);
        _block = block;
        _table = new NativeRegion(block.Address, length * RecordBytes);
        Volatile.Write(ref _length, length);
        for (int place = 0; place < before.Length; place++)
        {
            var entry = new IndexEntry(
                (ulong)before.Table.Word((place * RecordBytes) + EntryOffset));
            if (!entry.IsEmpty)
            {
                Insert((ulong)before.Table.Word(place * RecordBytes), entry);
            }
        }

        Free(before.Block, before.Length);
        return true;
    }

    private void Free(MemoryBlock block, int length)
    {
        if (length != 0)
        {
            memory.Free(block);
        }
    }

    private int PlaceOf(ulong hash) => (int)((hash * Spread) >> 32) & (_length - 1);

    private int Next(int place) => (place + 1) & (_length - 1);

    private ulong HashAt(int place) => (ulong)_table.Word(place * RecordBytes);

    private IndexEntry EntryAt(int place) =>
        new((ulong)_table.Word((place * RecordBytes) + EntryOffset));
}
