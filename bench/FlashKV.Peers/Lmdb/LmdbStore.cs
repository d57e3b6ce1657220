using FlashKV.Workloads.Stores;
using LightningDB;

namespace FlashKV.Peers.Lmdb;

/// <summary>
/// An open LMDB. A put is a transaction, as nothing less is acknowledged. To survive a killed
/// process it writes into the map of the file and does not sync; to survive a power cut it syncs.
/// </summary>
internal sealed class LmdbStore : IStore
{
    private const long MapBytes = 64L << 30;
    private const int Readers = 256;

    private readonly StoreSetup _setup;
    private readonly EnvironmentOpenFlags _flags;
    private readonly LightningEnvironment _environment;
    private readonly LightningDatabase _database;

    public LmdbStore(StoreSetup setup)
    {
        _setup = setup;
        _flags = EnvironmentOpenFlags.WriteMap | EnvironmentOpenFlags.NoReadAhead
            | EnvironmentOpenFlags.NoThreadLocalStorage;
        if (setup.Durability != DurabilityClass.PowerCut)
        {
            _flags |= EnvironmentOpenFlags.NoSync;
        }

        _environment = new LightningEnvironment(
            setup.Directory,
            new EnvironmentConfiguration { MapSize = MapBytes, MaxReaders = Readers });
        _environment.Open(_flags);
        using LightningTransaction transaction = _environment.BeginTransaction();
        _database = transaction.OpenDatabase(
            configuration: new DatabaseConfiguration { Flags = DatabaseOpenFlags.Create },
            closeOnDispose: false);
        transaction.Commit();
    }

    public string Settings =>
        $"{_environment.Version}, {_flags}, map of {MapBytes >> 30} GiB, a transaction a put, "
        + "read transactions renewed for each get";

    public bool IsOrdered => true;

    public IStoreSession OpenSession() =>
        new LmdbSession(_environment, _database, _setup.ValueBytes);

    public void Flush() => _environment.Flush(force: true);

    public void Settle() => Flush();

    public void Dispose()
    {
        _database.Dispose();
        _environment.Dispose();
    }
}
