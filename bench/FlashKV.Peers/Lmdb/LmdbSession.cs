using FlashKV.Workloads.Stores;
using LightningDB;

namespace FlashKV.Peers.Lmdb;

/// <summary>One thread's use of LMDB: a read transaction that is kept and renewed.</summary>
internal sealed class LmdbSession : StoreSession
{
    private readonly LightningEnvironment _environment;
    private readonly LightningDatabase _database;
    private readonly LightningTransaction _reads;

    public LmdbSession(LightningEnvironment environment, LightningDatabase database, int valueBytes)
        : base(valueBytes)
    {
        _environment = environment;
        _database = database;
        _reads = environment.BeginTransaction(TransactionBeginFlags.ReadOnly);
        _reads.Reset();
    }

    public override void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        using LightningTransaction transaction = _environment.BeginTransaction();
        Check(transaction.Put(_database, key, value));
        Check(transaction.Commit());
    }

    public override int Get(ReadOnlySpan<byte> key, Span<byte> destination)
    {
        Check(_reads.Renew());
        int length = Copy(key, destination);
        _reads.Reset();
        return length;
    }

    public override int Modify(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, Span<byte> old)
    {
        using LightningTransaction transaction = _environment.BeginTransaction();
        (MDBResultCode code, _, MDBValue found) = transaction.Get(_database, key);
        Check(code);
        ReadOnlySpan<byte> source = found.AsSpan();
        source.CopyTo(old);
        int length = source.Length;
        Check(transaction.Put(_database, key, value));
        Check(transaction.Commit());
        return length;
    }

    public override void Delete(ReadOnlySpan<byte> key)
    {
        using LightningTransaction transaction = _environment.BeginTransaction();
        Check(transaction.Delete(_database, key));
        Check(transaction.Commit());
    }

    public override int Scan(ReadOnlySpan<byte> from, int count, VisitRecord visit)
    {
        Check(_reads.Renew());
        int seen = 0;
        using (LightningCursor cursor = _reads.CreateCursor(_database))
        {
            MDBResultCode code = cursor.SetRange(from);
            while (code == MDBResultCode.Success && seen < count)
            {
                (code, MDBValue key, MDBValue value) = cursor.GetCurrent();
                Check(code);
                visit(key.AsSpan(), value.AsSpan());
                seen++;
                (code, _, _) = cursor.Next();
            }
        }

        _reads.Reset();
        return seen;
    }

    protected override void Close() => _reads.Dispose();

    private static void Check(MDBResultCode code)
    {
        if (code != MDBResultCode.Success)
        {
            throw new InvalidOperationException($"LMDB: {code}");
        }
    }

    private int Copy(ReadOnlySpan<byte> key, Span<byte> destination)
    {
        (MDBResultCode code, _, MDBValue value) = _reads.Get(_database, key);
        if (code != MDBResultCode.Success)
        {
            return -1;
        }

        ReadOnlySpan<byte> source = value.AsSpan();
        source.CopyTo(destination);
        return source.Length;
    }
}
