namespace FlashKV.Analytics.Columns;

/// <summary>A column of bytes, or of text in UTF-8.</summary>
internal sealed class BytesColumn(
    string name, Func<StoreEntry, ReadOnlySpan<byte>> read, bool isText) : TableColumn(name)
{
    internal override ColumnBuffer CreateBuffer(int rows) => new BytesBuffer(Name, read, isText);
}
