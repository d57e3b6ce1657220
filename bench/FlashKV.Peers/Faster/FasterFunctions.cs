using FASTER.core;

namespace FlashKV.Peers.Faster;

/// <summary>
/// How FASTER copies values: out for reads; over the old one, in place if it fits, for the rest.
/// A read-modify-write hands the old value out and puts the input in its place.
/// </summary>
internal sealed class FasterFunctions : SpanByteFunctions<SpanByte, Target, Empty>
{
    public override bool SingleReader(
        ref SpanByte key,
        ref SpanByte input,
        ref SpanByte value,
        ref Target dst,
        ref ReadInfo readInfo)
    {
        dst.Set(value.AsReadOnlySpan());
        return true;
    }

    public override bool ConcurrentReader(
        ref SpanByte key,
        ref SpanByte input,
        ref SpanByte value,
        ref Target dst,
        ref ReadInfo readInfo)
    {
        dst.Set(value.AsReadOnlySpan());
        return true;
    }

    public override bool InitialUpdater(
        ref SpanByte key,
        ref SpanByte input,
        ref SpanByte value,
        ref Target output,
        ref RMWInfo rmwInfo)
    {
        input.CopyTo(ref value);
        return true;
    }

    public override bool InPlaceUpdater(
        ref SpanByte key,
        ref SpanByte input,
        ref SpanByte value,
        ref Target output,
        ref RMWInfo rmwInfo)
    {
        output.Set(value.AsReadOnlySpan());
        return input.TryCopyTo(ref value);
    }

    public override bool CopyUpdater(
        ref SpanByte key,
        ref SpanByte input,
        ref SpanByte oldValue,
        ref SpanByte newValue,
        ref Target output,
        ref RMWInfo rmwInfo)
    {
        output.Set(oldValue.AsReadOnlySpan());
        input.CopyTo(ref newValue);
        return true;
    }
}
