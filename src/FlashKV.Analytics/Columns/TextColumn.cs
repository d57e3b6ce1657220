namespace FlashKV.Analytics.Columns;

/// <summary>A column of text, or null.</summary>
internal sealed class TextColumn : TableColumn
{
    private readonly Func<StoreEntry, string?> _read;

    public TextColumn(string name, Func<StoreEntry, string?> read)
        : base(name)
    {
        ArgumentNullException.ThrowIfNull(read);
        _read = read;
    }

    internal override ColumnBuffer CreateBuffer(int rows) => new TextBuffer(Name, _read);
}
