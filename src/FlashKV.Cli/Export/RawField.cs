namespace FlashKV.Cli.Export;

/// <summary>A key or a value that is the text of something.</summary>
internal sealed class RawField(string column, Func<StoreEntry, ReadOnlySpan<byte>> read)
    : TableField(column)
{
    protected override bool TryRead(StoreEntry entry, out ReadOnlySpan<byte> text)
    {
        text = read(entry);
        return true;
    }
}
