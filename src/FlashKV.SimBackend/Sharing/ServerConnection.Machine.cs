using System.Text;
using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Sharing;

/// <content>What there is, and what an operator does to it.</content>
internal sealed partial class ServerConnection
{
    private const uint AllAdapters = uint.MaxValue;

    private bool Lookup(MessageReader request)
    {
        uint length = request.Take32();
        request.SkipZero32();
        ReadOnlySpan<byte> bytes = request.TakeBytes(length);
        if (!request.IsWhole
            || !TryDecodePath(bytes, AdapterProtocol.MaxLookupPathBytes, out string path))
        {
            return Refuse(in request);
        }

        if (!_machine.Tree.TryLookUp(path, out DeviceNode node) || node.Errno != Errno.None)
        {
            return Answer(in request, node.Errno == Errno.None ? Errno.NoEntry : node.Errno);
        }

        const int FixedBytes = AdapterProtocol.HeaderBytes + (4 * sizeof(uint));
        ReadOnlySpan<byte> content = node.Content.Span;
        content = content[..Math.Min(content.Length, AdapterProtocol.MaxReplyBytes - FixedBytes)];
        byte[] buffer = new byte[FixedBytes + content.Length];
        MessageWriter reply = MessageWriter.Reply(buffer, in request, Errno.None);
        reply.Add32((uint)node.Kind);
        reply.Add32(node.Device);
        reply.Add32((uint)content.Length);
        reply.Add32(0);
        reply.AddBytes(content);
        return Send(reply);
    }

    private bool List(MessageReader request) => request.IsWhole
        ? SendLong(in request, Encoding.UTF8.GetBytes(_machine.Tree.List()))
        : Refuse(in request);

    private bool Control(MessageReader request)
    {
        ControlVerb verb = (ControlVerb)request.Take32();
        uint adapter = request.Take32();
        uint first = request.Take32();
        uint second = request.Take32();
        ulong value = request.Take64();
        if (!request.IsWhole || !Enum.IsDefined(verb))
        {
            return Refuse(in request);
        }

        if (verb == ControlVerb.Statistics)
        {
            return adapter == AllAdapters || adapter < (uint)_machine.Host.Adapters.Count
                ? SendLong(in request, ServerStatistics.ToJson(_machine, adapter))
                : Answer(in request, Errno.NoDeviceOrAddress);
        }

        Errno errno = adapter < (uint)_machine.Host.Adapters.Count
            ? Control(verb, _machine.Host.Adapters[(int)adapter], first, second, value)
            : Errno.NoDeviceOrAddress;
        return errno == Errno.None ? SendLong(in request, default) : Answer(in request, errno);
    }

    private Errno Control(
        ControlVerb verb, SimulatedAdapter adapter, uint first, uint second, ulong value)
    {
        if (adapter.Driver.State == AdapterState.Failed)
        {
            return Errno.NoDevice;
        }

        try
        {
            switch (verb)
            {
                case ControlVerb.Reset:
                    adapter.Reset();
                    break;
                case ControlVerb.Fail:
                    adapter.Fail();
                    break;
                case ControlVerb.Port when second <= 1:
                    adapter.SetLink(checked((int)first), second == 1);
                    break;
                case ControlVerb.Attention when second <= ushort.MaxValue:
                    adapter.InjectUnitAttention(
                        checked((int)first), (byte)(second >> 8), (byte)second);
                    break;
                case ControlVerb.Capacity when first < (uint)adapter.LunCount
                    && value - 1 >= (ulong)adapter.MediumOf((int)first).BlockCount:
                    return SharingErrno.OutOfRange;
                case ControlVerb.Capacity:
                    SetCapacity(adapter, checked((int)first), (long)value);
                    break;
                default:
                    return Errno.InvalidArgument;
            }

            return Errno.None;
        }
        catch (Exception refusal) when (refusal is ArgumentException or OverflowException)
        {
            return Errno.InvalidArgument;
        }
    }

    // A LUN has one capacity, on whatever adapters it is.
    private void SetCapacity(SimulatedAdapter adapter, int lun, long blocks)
    {
        adapter.SetCapacity(lun, blocks);
        Medium medium = adapter.MediumOf(lun);
        foreach (SimulatedAdapter other in _machine.Host.Adapters)
        {
            for (int i = 0; i < other.LunCount; i++)
            {
                if (other != adapter && other.MediumOf(i) == medium)
                {
                    other.SetCapacity(i, blocks);
                }
            }
        }
    }
}
