using System.Globalization;
using System.Text;

namespace FlashKV.Cli.Demo;

/// <summary>
/// An endless stream of writes, numbered from 0: it goes through the keys of a table again and
/// again, and each value tells its number, so that one can see afterwards how far a writer that was
/// killed had come.
/// </summary>
internal sealed class NumberedRecords
{
    private readonly IReadOnlyList<KeyValuePair<byte[], byte[]>> _table;
    private readonly Dictionary<byte[], int> _positions = new(ByteComparer.Instance);

    /// <summary>
    /// Goes through <paramref name="table"/>, whose keys and values hold neither tab nor line end.
    /// </summary>
    public NumberedRecords(IReadOnlyList<KeyValuePair<byte[], byte[]>> table)
    {
        _table = table;
        for (int position = 0; position < table.Count; position++)
        {
            _positions.Add(table[position].Key, position);
        }
    }

    /// <summary>How many keys there are.</summary>
    public int KeyCount => _table.Count;

    /// <summary>The key of a write.</summary>
    public byte[] Key(long number) => _table[(int)(number % KeyCount)].Key;

    /// <summary>The value of a write.</summary>
    public byte[] Value(long number) =>
        [.. _table[(int)(number % KeyCount)].Value, .. Encoding.ASCII.GetBytes($"#{number}")];

    /// <summary>The write as a line of <c>import --format lines --delimiter '\t'</c>.</summary>
    public byte[] Line(long number) => [.. Key(number), (byte)'\t', .. Value(number), (byte)'\n'];

    /// <summary>The place of a key in the table; -1 if it has none.</summary>
    public int Position(byte[] key) => _positions.GetValueOrDefault(key, -1);

    /// <summary>The number of the write that left this record; -1 if none can have.</summary>
    public long NumberOf(byte[] key, ReadOnlySpan<byte> value)
    {
        int mark = value.LastIndexOf((byte)'#');
        bool isNumber = long.TryParse(
            value[(mark + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out long number);
        return isNumber && Key(number).AsSpan().SequenceEqual(key)
            && value.SequenceEqual(Value(number)) ? number : -1;
    }
}
