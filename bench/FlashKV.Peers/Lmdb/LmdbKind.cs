using FlashKV.Workloads.Stores;
using LightningDB;

namespace FlashKV.Peers.Lmdb;

/// <summary>LMDB, by LightningDB.</summary>
internal sealed class LmdbKind : IStoreKind
{
    public string Name => "lmdb";

    public IReadOnlyList<DurabilityClass> Classes { get; } =
        [DurabilityClass.KilledProcess, DurabilityClass.PowerCut];

    /// <summary>The package's native library asks for a recent C library.</summary>
    public string? Obstacle
    {
        get
        {
            try
            {
                using LightningEnvironment environment = new(Path.GetTempPath());
                return null;
            }
            catch (DllNotFoundException e)
            {
                string? line = e.Message.Split('\n')
                    .FirstOrDefault(line => line.Contains("GLIBC", StringComparison.Ordinal));
                return line?.Split('(')[0].Trim() ?? e.Message;
            }
        }
    }

    public IStore Open(StoreSetup setup) => new LmdbStore(setup);
}
