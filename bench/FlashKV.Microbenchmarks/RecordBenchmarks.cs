using BenchmarkDotNet.Attributes;
using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Shards;

namespace FlashKV.Microbenchmarks;

/// <summary>
/// What a get and a put do beside the index: hashing a key, taking a record apart, appending one
/// to a tail. Keys have 16 bytes; the tail is in memory that is not mapped from a file.
/// </summary>
[MemoryDiagnoser]
public class RecordBenchmarks
{
    private const int KeyBytes = 16;
    private const int SegmentBytes = 1 << 20;
    private const int Records = 2_048;

    private readonly byte[] _key = new byte[KeyBytes];
    private readonly KeyHasher _hasher = new(seed: 42, shardCount: 4, mask: ulong.MaxValue);
    private readonly LogGeometry _geometry = new(SegmentBytes);
    private UnmanagedMemory _memory = null!;
    private StagingSlot _slot = null!;
    private LogTail _tail = null!;
    private byte[] _value = [];
    private byte[] _record = [];
    private int _size;

    /// <summary>Gets or sets the bytes of a value.</summary>
    [Params(100, 400)]
    public int ValueBytes { get; set; }

    /// <summary>Makes a staging slot, and a record to read.</summary>
    [GlobalSetup]
    public void Prepare()
    {
        _memory = new UnmanagedMemory(64 << 20);
        _slot = new StagingSlot(Region(StagingSlot.HeaderBytes), Region(SegmentBytes));
        _tail = new LogTail([_slot], _geometry);
        _value = new byte[ValueBytes];
        _size = RecordFormat.SizeOf(RecordFlags.None, KeyBytes, ValueBytes);
        _record = new byte[_size];
        RecordFormat.WriteBody(_record, 1, RecordFlags.None, 0, _key, _value);
        BitConverter.TryWriteBytes(
            _record.AsSpan(RecordFormat.SizeOffset),
            RecordFormat.SizeWord(_size, RecordState.Committed));
    }

    /// <summary>Gives the memory back.</summary>
    [GlobalCleanup]
    public void Free() => _memory.Dispose();

    /// <summary>Hashes a key.</summary>
    [Benchmark]
    public ulong HashKey() => _hasher.Hash(_key);

    /// <summary>Takes a record apart and compares its key.</summary>
    [Benchmark]
    public int Decode() =>
        RecordView.TryParse(_record, out RecordView record) && record.Key.SequenceEqual(_key)
            ? record.Value.Length
            : -1;

    /// <summary>
    /// Claims, writes and commits records until a segment is full or nearly so; the slot is cleared
    /// before, as it is after sealing. The figure is per record, its share of the clearing included.
    /// </summary>
    [Benchmark(OperationsPerInvoke = Records)]
    public int Append()
    {
        var header = new SegmentHeader(new StoreId(1, 2), 0, 1, SegmentKind.Hot, 1, 1);
        _slot.Clear();
        _slot.Activate(new Segment(header), headerOffset: 0);
        _tail.Open(_slot, _geometry.DataOffsetOf(1), recordCount: 0);
        using Epoch.Operation operation = Epoch.Enter();
        for (int i = 0; i < Records; i++)
        {
            if (!_tail.TryClaim(_size, out TailClaim claim))
            {
                throw new InvalidOperationException("The segment is too small.");
            }

            RecordFormat.WriteBody(
                claim.Bytes, claim.HotSequence, RecordFlags.None, 0, _key, _value);
            LogTail.Commit(claim);
        }

        return _tail.Close();
    }

    private NativeRegion Region(int length) =>
        new(_memory.Allocate(MemoryCategory.Staging, length).Address, length);
}
