using System.Globalization;
using FlashKV.Workloads.Stores;
using Microsoft.Data.Sqlite;

namespace FlashKV.Peers.Sqlite;

/// <summary>
/// An open SQLite: one table without row ids, write-ahead log, a connection for each thread with
/// prepared commands, the file mapped where the data is to be in memory. A put is a transaction.
/// </summary>
internal sealed class SqliteStore : IStore
{
    private const long MapBytes = 64L << 30;
    private const long CacheKibibytes = 1 << 20;
    private const int ColdDivisor = 2;

    private readonly StoreSetup _setup;
    private readonly string _pragmas;
    private readonly SqliteConnection _connection;

    public SqliteStore(StoreSetup setup)
    {
        _setup = setup;
        string level = setup.Durability == DurabilityClass.PowerCut ? "FULL" : "OFF";
        long cache = setup.IsCold ? (setup.MemoryBytes >> 10) / ColdDivisor : CacheKibibytes;
        long map = setup.IsCold ? 0 : MapBytes;
        _pragmas = string.Create(
            CultureInfo.InvariantCulture,
            $"PRAGMA journal_mode=WAL; PRAGMA synchronous={level}; PRAGMA cache_size=-{cache}; "
            + $"PRAGMA mmap_size={map}; PRAGMA busy_timeout=60000;");
        _connection = Connect();
        Execute(
            _connection,
            "CREATE TABLE IF NOT EXISTS records (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID;");
    }

    public string Settings => $"SQLite {_connection.ServerVersion}, {_pragmas} WITHOUT ROWID";

    public bool IsOrdered => true;

    public IStoreSession OpenSession() => new SqliteSession(Connect(), _setup.ValueBytes);

    public void Flush() => Execute(_connection, "PRAGMA wal_checkpoint(TRUNCATE);");

    public void Settle() => Flush();

    public void Dispose() => _connection.Dispose();

    private SqliteConnection Connect()
    {
        string file = Path.Combine(_setup.Directory, "records.db");
        SqliteConnection connection = new($"Data Source={file};Pooling=False");
        connection.Open();
        Execute(connection, _pragmas);
        return connection;
    }

    private static void Execute(SqliteConnection connection, string text)
    {
        using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // The texts are constants of this type.
        command.CommandText = text;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
