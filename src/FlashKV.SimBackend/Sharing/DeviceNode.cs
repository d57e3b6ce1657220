namespace FlashKV.SimBackend.Sharing;

/// <summary>A path of the device tree.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Content">Names, bytes, or the target of a link.</param>
/// <param name="Device">The number of a device: major &lt;&lt; 20 | minor.</param>
internal readonly record struct DeviceNode(
    NodeKind Kind, ReadOnlyMemory<byte> Content, uint Device = 0);
