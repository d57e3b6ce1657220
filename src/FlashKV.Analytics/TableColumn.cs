using FlashKV.Analytics.Columns;

namespace FlashKV.Analytics;

/// <summary>
/// A column of a table: its name, its type and the function that takes it out of an entry of a store.
/// </summary>
/// <remarks>
/// Functions are called by several threads at once, one call for each entry. What one throws ends
/// the export with a <see cref="TableColumnException"/>.
/// </remarks>
public abstract class TableColumn
{
    private protected TableColumn(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        Name = name;
    }

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>The key, as it is.</summary>
    /// <param name="name">The name of the column.</param>
    /// <returns>A column of bytes, never null.</returns>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    public static TableColumn Key(string name = "key") =>
        new BytesColumn(name, static entry => entry.Key, isText: false);

    /// <summary>The value, as it is.</summary>
    /// <param name="name">The name of the column.</param>
    /// <returns>A column of bytes, never null.</returns>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    public static TableColumn Value(string name = "value") =>
        new BytesColumn(name, static entry => entry.Value, isText: false);

    /// <summary>The sequence number of the write in its shard.</summary>
    /// <param name="name">The name of the column.</param>
    /// <returns>A column of 64-bit integers.</returns>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    public static TableColumn Version(string name = "version") =>
        Int64(name, static entry => (long)entry.Version);

    /// <summary>Some bytes of an entry.</summary>
    /// <param name="name">The name of the column.</param>
    /// <param name="read">Takes them out of the entry.</param>
    /// <returns>A column of bytes, never null.</returns>
    /// <exception cref="ArgumentException">The name is empty, or there is no function.</exception>
    public static TableColumn Bytes(string name, Func<StoreEntry, ReadOnlySpan<byte>> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        return new BytesColumn(name, read, isText: false);
    }

    /// <summary>Some bytes of an entry that are text in UTF-8; anything else ends the export.</summary>
    /// <param name="name">The name of the column.</param>
    /// <param name="read">Takes them out of the entry.</param>
    /// <returns>A column of text, never null.</returns>
    /// <exception cref="ArgumentException">The name is empty, or there is no function.</exception>
    public static TableColumn Text(string name, Func<StoreEntry, ReadOnlySpan<byte>> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        return new BytesColumn(name, read, isText: true);
    }

    /// <summary>A text.</summary>
    /// <param name="name">The name of the column.</param>
    /// <param name="read">Reads it; null where an entry has none.</param>
    /// <returns>A column of text that may be null.</returns>
    /// <exception cref="ArgumentException">The name is empty, or there is no function.</exception>
    public static TableColumn Text(string name, Func<StoreEntry, string?> read) =>
        new TextColumn(name, read);

    /// <summary>An integer.</summary>
    /// <param name="name">The name of the column.</param>
    /// <param name="read">Reads it; null where an entry has none.</param>
    /// <returns>A column of 64-bit integers that may be null.</returns>
    /// <exception cref="ArgumentException">The name is empty, or there is no function.</exception>
    public static TableColumn Int64(string name, Func<StoreEntry, long?> read) =>
        new ScalarColumn<long>(name, read, ScalarKind.Int64);

    /// <summary>A number.</summary>
    /// <param name="name">The name of the column.</param>
    /// <param name="read">Reads it; null where an entry has none.</param>
    /// <returns>A column of 64-bit floating point numbers that may be null.</returns>
    /// <exception cref="ArgumentException">The name is empty, or there is no function.</exception>
    public static TableColumn Double(string name, Func<StoreEntry, double?> read) =>
        new ScalarColumn<double>(name, read, ScalarKind.Double);

    /// <summary>Yes or no.</summary>
    /// <param name="name">The name of the column.</param>
    /// <param name="read">Reads it; null where an entry has none.</param>
    /// <returns>A column of truth values that may be null.</returns>
    /// <exception cref="ArgumentException">The name is empty, or there is no function.</exception>
    public static TableColumn Boolean(string name, Func<StoreEntry, bool?> read) =>
        new ScalarColumn<bool>(name, read, ScalarKind.Boolean);

    /// <summary>A moment, of which the files keep microseconds in UTC.</summary>
    /// <param name="name">The name of the column.</param>
    /// <param name="read">Reads it, in UTC; null where an entry has none.</param>
    /// <returns>A column of moments that may be null.</returns>
    /// <exception cref="ArgumentException">The name is empty, or there is no function.</exception>
    public static TableColumn Timestamp(string name, Func<StoreEntry, DateTime?> read) =>
        new ScalarColumn<DateTime>(name, read, ScalarKind.Timestamp);

    /// <summary>Makes room for the column's values of a row group.</summary>
    internal abstract ColumnBuffer CreateBuffer(int rows);
}
