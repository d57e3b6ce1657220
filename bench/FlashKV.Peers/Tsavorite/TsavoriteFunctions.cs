using Tsavorite.core;

namespace FlashKV.Peers.Tsavorite;

/// <summary>
/// How Tsavorite copies values: into the room that the output has. A read-modify-write hands the
/// old value out and puts the input in its place.
/// </summary>
internal sealed class TsavoriteFunctions : SessionFunctionsBase<PinnedSpanByte, Target, Empty>
{
    public override bool Reader<TSourceLogRecord>(
        in TSourceLogRecord srcLogRecord,
        ref PinnedSpanByte input,
        ref Target output,
        ref ReadInfo readInfo)
    {
        output.Set(srcLogRecord.ValueSpan);
        return true;
    }

    public override bool InPlaceUpdater(
        ref LogRecord logRecord,
        ref PinnedSpanByte input,
        ref Target output,
        ref RMWInfo rmwInfo)
    {
        Span<byte> value = logRecord.ValueSpan;
        if (value.Length != input.Length)
        {
            return false;
        }

        output.Set(value);
        input.ReadOnlySpan.CopyTo(value);
        return true;
    }

    public override bool CopyUpdater<TSourceLogRecord>(
        in TSourceLogRecord srcLogRecord,
        ref LogRecord dstLogRecord,
        in RecordSizeInfo sizeInfo,
        ref PinnedSpanByte input,
        ref Target output,
        ref RMWInfo rmwInfo)
    {
        output.Set(srcLogRecord.ValueSpan);
        return dstLogRecord.TrySetValueSpanAndPrepareOptionals(input.ReadOnlySpan, in sizeInfo);
    }

    public override bool InitialUpdater(
        ref LogRecord dstLogRecord,
        in RecordSizeInfo sizeInfo,
        ref PinnedSpanByte input,
        ref Target output,
        ref RMWInfo rmwInfo) =>
        dstLogRecord.TrySetValueSpanAndPrepareOptionals(input.ReadOnlySpan, in sizeInfo);

    public override RecordFieldInfo GetRMWModifiedFieldInfo<TSourceLogRecord>(
        in TSourceLogRecord srcLogRecord, ref PinnedSpanByte input) =>
        new() { KeySize = srcLogRecord.Key.Length, ValueSize = input.Length };

    public override RecordFieldInfo GetRMWInitialFieldInfo<TKey>(
        TKey key, ref PinnedSpanByte input) =>
        new() { KeySize = key.KeyBytes.Length, ValueSize = input.Length };

    public override RecordFieldInfo GetUpsertFieldInfo<TKey>(
        TKey key, ReadOnlySpan<byte> value, ref PinnedSpanByte input) =>
        new() { KeySize = key.KeyBytes.Length, ValueSize = value.Length };
}
