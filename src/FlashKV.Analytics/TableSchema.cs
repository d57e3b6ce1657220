using System.Collections.ObjectModel;

namespace FlashKV.Analytics;

/// <summary>The columns of a table.</summary>
public sealed class TableSchema
{
    /// <summary>Creates a schema.</summary>
    /// <param name="columns">The columns, one at least, no two of one name.</param>
    /// <exception cref="ArgumentException">There is none, or two have one name.</exception>
    public TableSchema(params TableColumn[] columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        if (columns.Length == 0)
        {
            throw new ArgumentException("A table has one column at least.", nameof(columns));
        }

        HashSet<string> names = [];
        foreach (TableColumn column in columns)
        {
            ArgumentNullException.ThrowIfNull(column, nameof(columns));
            if (!names.Add(column.Name))
            {
                throw new ArgumentException(
                    $"Two columns are named {column.Name}.", nameof(columns));
            }
        }

        Columns = new ReadOnlyCollection<TableColumn>([.. columns]);
    }

    /// <summary>Key and value, as they are, and the version.</summary>
    public static TableSchema KeyValue { get; } =
        new(TableColumn.Key(), TableColumn.Value(), TableColumn.Version());

    /// <summary>The columns, in their order in the files.</summary>
    public IReadOnlyList<TableColumn> Columns { get; }
}
