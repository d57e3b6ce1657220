using FlashKV.Superpipe;

namespace FlashKV.Clones;

/// <summary>
/// The clones of the LUNs of a store's shards: for each of its contexts one that is attached for
/// reading, and has taken over the LUNs.
/// </summary>
internal sealed class ClonedLuns : IDisposable
{
    private readonly List<SuperpipeContext> _contexts = [];
    private readonly VirtualLun[] _shards;

    /// <summary>Clones them.</summary>
    /// <param name="device">The device of the store, in this process.</param>
    /// <param name="sources">What to clone; see <see cref="Opening.StoreLuns"/>.</param>
    /// <param name="shardCount">The shards of the store.</param>
    /// <param name="attachment">How to attach, but for reading in any case.</param>
    /// <exception cref="CloneRefusedException">There are more or fewer LUNs.</exception>
    /// <exception cref="DeviceException">The driver refuses.</exception>
    public ClonedLuns(
        SuperpipeDevice device, CloneSource[] sources, int shardCount, AttachOptions attachment)
    {
        _shards = new VirtualLun[shardCount];
        try
        {
            for (int i = 0; i < sources.Length; i++)
            {
                SuperpipeContext context = device.Attach(
                    attachment with { Access = DeviceAccess.Read });
                _contexts.Add(context);
                Take(context.CloneFrom(sources[i]), i, sources.Length);
            }

            if (Array.Exists(_shards, static lun => lun is null))
            {
                throw WrongCount();
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The clone of the LUN of each shard.</summary>
    public ReadOnlySpan<VirtualLun> Shards => _shards;

    public void Dispose()
    {
        foreach (VirtualLun lun in _shards)
        {
            lun?.Dispose();
        }

        _contexts.ForEach(static context => context.Dispose());
    }

    // Of n contexts, context c has the shards c, c + n, c + 2n and so on.
    private void Take(IReadOnlyList<VirtualLun> cloned, int context, int contexts)
    {
        for (int i = 0; i < cloned.Count; i++)
        {
            int shard = context + (i * contexts);
            if (shard >= _shards.Length)
            {
                throw WrongCount();
            }

            _shards[shard] = cloned[i];
        }
    }

    private static CloneRefusedException WrongCount() =>
        new(CloneRefusal.Protocol, "the store names another number of LUNs than it has shards");
}
