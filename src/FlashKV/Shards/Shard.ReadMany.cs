using FlashKV.Index;
using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Superpipe;

namespace FlashKV.Shards;

/// <summary>
/// The parts of a get, for a reader of many keys. The caller is inside an operation.
/// </summary>
internal sealed partial class Shard
{
    /// <summary>Finds the newest record of a key as far as that goes without the device.</summary>
    /// <param name="hash">The hash of the key.</param>
    /// <param name="key">The key.</param>
    /// <param name="record">The record, if it was found.</param>
    /// <param name="onDevice">The entry to read, if one is only on the device.</param>
    public FindResult TryFindInMemory(
        ulong hash, ReadOnlySpan<byte> key, out RecordView record, out IndexEntry onDevice)
    {
        while (true)
        {
            BucketProbe probe = Index.Probe(hash);
            while (probe.Next(out onDevice))
            {
                if (!TryOpenInMemory(onDevice, out record))
                {
                    return FindResult.OnDevice;
                }

                if (record.Key.SequenceEqual(key))
                {
                    return FindResult.Found;
                }
            }

            if (probe.IsComplete())
            {
                record = default;
                return FindResult.Absent;
            }
        }
    }

    /// <summary>Prepares reading the record of an entry from the device.</summary>
    /// <returns>The buffer of the transfer.</returns>
    public PooledBuffer BeginRead(IndexEntry entry, out BlockTransfer transfer) =>
        Log.Reader.BeginRead(
            SegmentOf(entry.Address),
            _geometry.OffsetOf(entry.Address),
            SizeClass.MaxLengthOf(entry.SizeClass),
            out transfer);

    /// <summary>Checks the record that the transfer has brought.</summary>
    /// <exception cref="CorruptStoreException">It is damaged.</exception>
    public RecordView EndRead(IndexEntry entry, PooledBuffer buffer) =>
        Log.Reader.EndRead(
            SegmentOf(entry.Address),
            _geometry.OffsetOf(entry.Address),
            SizeClass.MaxLengthOf(entry.SizeClass),
            buffer);

    private bool TryOpenInMemory(IndexEntry entry, out RecordView record)
    {
        Segment segment = SegmentOf(entry.Address);
        nint image = segment.Image;
        if (image == 0 && Log.Reader.TryCache(segment))
        {
            image = segment.Image;
        }

        record = default;
        int offset = _geometry.OffsetOf(entry.Address);
        int length = Math.Min(
            SizeClass.MaxLengthOf(entry.SizeClass), _geometry.SegmentBytes - offset);
        return image != 0
            && RecordView.TryParse(
                new NativeRegion(image, _geometry.SegmentBytes).Span(offset, length), out record);
    }
}
