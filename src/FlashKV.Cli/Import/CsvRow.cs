using System.Diagnostics;

namespace FlashKV.Cli.Import;

/// <summary>The fields of one CSV row, with quotes taken off; reused from row to row.</summary>
internal sealed class CsvRow(byte delimiter)
{
    private byte[] _bytes = new byte[4096];
    private int[] _ends = new int[16];
    private int _length;

    /// <summary>How many fields the row has: at least one.</summary>
    public int Count { get; private set; }

    /// <summary>One field; valid until the next row is parsed.</summary>
    public ReadOnlyMemory<byte> this[int index]
    {
        get
        {
            Debug.Assert(index >= 0 && index < Count);
            int start = index == 0 ? 0 : _ends[index - 1];
            return _bytes.AsMemory(start, _ends[index] - start);
        }
    }

    /// <summary>
    /// Takes <paramref name="record"/> apart; false, with the problem, if it cannot.
    /// </summary>
    public bool TryParse(ReadOnlySpan<byte> record, out string? problem)
    {
        Count = 0;
        _length = 0;
        problem = null;
        if (_bytes.Length < record.Length)
        {
            _bytes = new byte[Math.Max(record.Length, 2 * _bytes.Length)];
        }

        int position = 0;
        while (true)
        {
            if (position < record.Length && record[position] == '"')
            {
                if (!TryReadQuoted(record, ref position, out problem))
                {
                    return false;
                }
            }
            else
            {
                ReadUnquoted(record, ref position);
            }

            EndField();
            if (position == record.Length)
            {
                return true;
            }

            position++;
        }
    }

    private void ReadUnquoted(ReadOnlySpan<byte> record, ref int position)
    {
        int length = record[position..].IndexOf(delimiter);
        length = length < 0 ? record.Length - position : length;
        Append(record.Slice(position, length));
        position += length;
    }

    private bool TryReadQuoted(
        ReadOnlySpan<byte> record, ref int position, out string? problem)
    {
        position++;
        while (true)
        {
            int length = record[position..].IndexOf((byte)'"');
            if (length < 0)
            {
                problem = "a quoted field is not closed";
                return false;
            }

            Append(record.Slice(position, length));
            position += length + 1;
            if (position == record.Length || record[position] == delimiter)
            {
                problem = null;
                return true;
            }

            if (record[position] != '"')
            {
                problem = $"field {Count + 1} goes on behind its closing quote";
                return false;
            }

            Append("\""u8);
            position++;
        }
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    private void EndField()
    {
        if (Count == _ends.Length)
        {
            Array.Resize(ref _ends, 2 * Count);
        }

        _ends[Count++] = _length;
    }
}
