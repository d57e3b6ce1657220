using FlashKV.Workloads.Stores;
using Microsoft.Data.Sqlite;

namespace FlashKV.Peers.Sqlite;

/// <summary>One thread's connection, with its prepared commands.</summary>
internal sealed class SqliteSession : StoreSession
{
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _put;
    private readonly SqliteCommand _get;
    private readonly SqliteCommand _delete;
    private readonly SqliteCommand _scan;

    public SqliteSession(SqliteConnection connection, int valueBytes)
        : base(valueBytes)
    {
        _connection = connection;
        _put = Prepare("INSERT OR REPLACE INTO records VALUES ($key, $value)", "$value");
        _get = Prepare("SELECT value FROM records WHERE key = $key");
        _delete = Prepare("DELETE FROM records WHERE key = $key");
        _scan = Prepare(
            "SELECT key, value FROM records WHERE key >= $key ORDER BY key LIMIT $count", "$count");
    }

    public override void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        _put.Parameters[0].Value = key.ToArray();
        _put.Parameters[1].Value = value.ToArray();
        _put.ExecuteNonQuery();
    }

    public override int Get(ReadOnlySpan<byte> key, Span<byte> destination)
    {
        _get.Parameters[0].Value = key.ToArray();
        if (_get.ExecuteScalar() is not byte[] value)
        {
            return -1;
        }

        value.CopyTo(destination);
        return value.Length;
    }

    public override void Delete(ReadOnlySpan<byte> key)
    {
        _delete.Parameters[0].Value = key.ToArray();
        _delete.ExecuteNonQuery();
    }

    public override int Scan(ReadOnlySpan<byte> from, int count, VisitRecord visit)
    {
        _scan.Parameters[0].Value = from.ToArray();
        _scan.Parameters[1].Value = count;
        using SqliteDataReader reader = _scan.ExecuteReader();
        int seen = 0;
        for (; reader.Read(); seen++)
        {
            visit(reader.GetFieldValue<byte[]>(0), reader.GetFieldValue<byte[]>(1));
        }

        return seen;
    }

    protected override void Close()
    {
        _put.Dispose();
        _get.Dispose();
        _delete.Dispose();
        _scan.Dispose();
        _connection.Dispose();
    }

    private SqliteCommand Prepare(string text, string? second = null)
    {
        SqliteCommand command = _connection.CreateCommand();
#pragma warning disable CA2100 // The texts are constants of this type.
        command.CommandText = text;
#pragma warning restore CA2100
        command.Parameters.AddWithValue("$key", Array.Empty<byte>());
        if (second is not null)
        {
            command.Parameters.AddWithValue(second, Array.Empty<byte>());
        }

        command.Prepare();
        return command;
    }
}
