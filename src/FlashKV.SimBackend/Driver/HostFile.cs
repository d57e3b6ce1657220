namespace FlashKV.SimBackend.Driver;

/// <summary>The open file behind a descriptor of the adapter's own node (SP §2.8).</summary>
internal sealed class HostFile
{
    internal static HostFile Instance { get; } = new();
}
