namespace FlashKV.Analytics;

/// <summary>An entry of the store does not give what a column needs. The store is well.</summary>
public sealed class TableColumnException : FlashStoreException
{
    /// <summary>Creates an exception.</summary>
    /// <param name="column">The name of the column.</param>
    /// <param name="key">The key of the entry.</param>
    /// <param name="problem">What is wrong, as the end of a sentence.</param>
    /// <param name="innerException">What the column's function threw, if it did.</param>
    public TableColumnException(
        string column, ReadOnlySpan<byte> key, string problem, Exception? innerException)
        : base(
            $"Column {column} of the entry with key {Convert.ToHexString(key)}: {problem}.",
            innerException)
    {
        Column = column;
        Key = key.ToArray();
    }

    /// <summary>The name of the column.</summary>
    public string Column { get; }

    /// <summary>The key of the entry.</summary>
    public ReadOnlyMemory<byte> Key { get; }
}
