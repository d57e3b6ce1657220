using System.Text;
using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Sharing;

/// <summary>A path of the device tree.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Content">Names, bytes, or the target of a link.</param>
/// <param name="Device">The number of a device: major &lt;&lt; 20 | minor.</param>
/// <param name="Errno">What reading it is refused with.</param>
internal readonly record struct DeviceNode(
    NodeKind Kind, ReadOnlyMemory<byte> Content, uint Device = 0, Errno Errno = Errno.None)
{
    /// <summary>An attribute of an adapter's host, as it is now.</summary>
    internal static DeviceNode Attribute(AdapterDriver adapter, string name)
    {
        Errno errno = adapter.ReadAttribute(name, out string text);
        return new DeviceNode(NodeKind.File, Encoding.UTF8.GetBytes(text), Errno: errno);
    }
}
