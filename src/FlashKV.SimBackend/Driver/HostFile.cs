namespace FlashKV.SimBackend.Driver;

/// <summary>The open file behind a descriptor of an adapter's own node (SP §2.8).</summary>
/// <param name="adapter">The adapter.</param>
internal sealed class HostFile(AdapterDriver adapter) : OpenFile
{
    /// <summary>The adapter.</summary>
    internal AdapterDriver Adapter => adapter;
}
