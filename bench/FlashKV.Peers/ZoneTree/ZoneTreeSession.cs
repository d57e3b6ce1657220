using FlashKV.Workloads.Stores;
using ZoneTree;

namespace FlashKV.Peers.ZoneTree;

/// <summary>One thread's use of ZoneTree, which has no sessions of its own.</summary>
internal sealed class ZoneTreeSession(IZoneTree<Memory<byte>, Memory<byte>> tree, int valueBytes)
    : StoreSession(valueBytes)
{
    public override void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        // The tree keeps both arrays.
        Memory<byte> ownKey = key.ToArray();
        Memory<byte> ownValue = value.ToArray();
        tree.Upsert(ownKey, ownValue);
    }

    public override int Get(ReadOnlySpan<byte> key, Span<byte> destination)
    {
        Memory<byte> ownKey = key.ToArray();
        if (!tree.TryGet(ownKey, out Memory<byte> value))
        {
            return -1;
        }

        value.Span.CopyTo(destination);
        return value.Length;
    }

    public override void Delete(ReadOnlySpan<byte> key)
    {
        Memory<byte> ownKey = key.ToArray();
        tree.ForceDelete(ownKey);
    }

    public override int Scan(ReadOnlySpan<byte> from, int count, VisitRecord visit)
    {
        Memory<byte> first = from.ToArray();
        using IZoneTreeIterator<Memory<byte>, Memory<byte>> iterator = tree.CreateIterator();
        iterator.Seek(first);
        int seen = 0;
        for (; seen < count && iterator.Next(); seen++)
        {
            visit(iterator.CurrentKey.Span, iterator.CurrentValue.Span);
        }

        return seen;
    }
}
