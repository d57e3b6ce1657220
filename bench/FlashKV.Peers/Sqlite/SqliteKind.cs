using FlashKV.Workloads.Stores;

namespace FlashKV.Peers.Sqlite;

/// <summary>SQLite, by Microsoft.Data.Sqlite.</summary>
internal sealed class SqliteKind : IStoreKind
{
    public string Name => "sqlite";

    public IReadOnlyList<DurabilityClass> Classes { get; } =
        [DurabilityClass.KilledProcess, DurabilityClass.PowerCut];

    public IStore Open(StoreSetup setup) => new SqliteStore(setup);
}
