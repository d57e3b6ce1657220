namespace FlashKV.Analytics.Columns;

/// <summary>A column of values of fixed length, or null.</summary>
internal sealed class ScalarColumn<T> : TableColumn
    where T : struct
{
    private readonly Func<StoreEntry, T?> _read;
    private readonly ScalarKind _kind;

    public ScalarColumn(string name, Func<StoreEntry, T?> read, ScalarKind kind)
        : base(name)
    {
        ArgumentNullException.ThrowIfNull(read);
        _read = read;
        _kind = kind;
    }

    internal override ColumnBuffer CreateBuffer(int rows) =>
        new ScalarBuffer<T>(Name, _read, _kind);
}
