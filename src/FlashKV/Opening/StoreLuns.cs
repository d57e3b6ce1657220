using FlashKV.Log;
using FlashKV.Superpipe;

namespace FlashKV.Opening;

/// <summary>
/// The LUNs of a store: one chunk for the superblock, and a LUN for each shard. Shards are spread
/// over contexts, so that threads at work on different shards drive different response queues.
/// </summary>
internal sealed class StoreLuns : IDisposable
{
    private readonly SuperpipeDevice _device;
    private readonly AttachOptions _attachment;
    private readonly List<SuperpipeContext> _contexts = [];
    private VirtualLun[] _shards = [];

    public StoreLuns(SuperpipeDevice device, AttachOptions attachment)
    {
        _device = device;
        _attachment = attachment;
        _contexts.Add(device.Attach(attachment));

        // The first chunk that is granted, on a device that nobody else uses the first there is.
        Meta = _contexts[0].OpenVirtualLun(LogGeometry.ChunkBlocks);
    }

    /// <summary>The LUN of the superblock.</summary>
    public VirtualLun Meta { get; }

    /// <summary>Opens a LUN of no blocks for each shard.</summary>
    public VirtualLun[] OpenShards(int count)
    {
        int contexts = Math.Min(count, Environment.ProcessorCount);
        while (_contexts.Count < contexts)
        {
            _contexts.Add(_device.Attach(_attachment));
        }

        _shards = new VirtualLun[count];
        for (int i = 0; i < count; i++)
        {
            _shards[i] = _contexts[i % contexts].OpenVirtualLun(0);
        }

        return _shards;
    }

    /// <summary>
    /// What a process needs that clones the shards' LUNs: for context c of n, those of the shards
    /// c, c + n, c + 2n and so on. Valid until the adapter is reset.
    /// </summary>
    /// <exception cref="DeviceException">The adapter is lost for good.</exception>
    public CloneSource[] GetCloneSources()
    {
        var sources = new CloneSource[_contexts.Count];
        for (int i = 0; i < sources.Length; i++)
        {
            VirtualLun[] luns = [.. _shards.Where((_, shard) => shard % sources.Length == i)];

            // After a reset a context has its new id once somebody has used it.
            _contexts[i].Verify(luns[0]);
            sources[i] = _contexts[i].GetCloneSource(luns);
        }

        return sources;
    }

    public void Dispose()
    {
        foreach (VirtualLun shard in _shards)
        {
            shard?.Dispose();
        }

        Meta.Dispose();
        foreach (SuperpipeContext context in _contexts)
        {
            context.Dispose();
        }
    }
}
