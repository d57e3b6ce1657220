namespace FlashKV.Cli.Import;

/// <summary>
/// Records that are CSV rows: a line feed ends one unless it lies in a quoted field. A field is
/// quoted if its first byte is a quote; a quote further on in an unquoted field is an ordinary
/// byte.
/// </summary>
internal sealed class CsvRowScanner(Stream source, int limitBytes, byte delimiter)
    : RecordScanner(source, limitBytes)
{
    private State _state;

    private enum State
    {
        FieldStart,
        Unquoted,
        Quoted,

        /// <summary>Behind a quote in a quoted field: the field's end, or half of a pair.</summary>
        QuoteInQuoted,
    }

    protected override bool MayEndHere => _state != State.Quoted;

    protected override void BeginRecord() => _state = State.FieldStart;

    protected override int FindEnd(ReadOnlySpan<byte> bytes)
    {
        int offset = 0;
        while (offset < bytes.Length)
        {
            ReadOnlySpan<byte> rest = bytes[offset..];
            int step = _state switch
            {
                State.Quoted => rest.IndexOf((byte)'"'),
                State.Unquoted => rest.IndexOfAny((byte)'\n', delimiter),
                _ => 0,
            };
            if (step < 0)
            {
                return -1;
            }

            if (rest[step] == '\n' && _state != State.Quoted)
            {
                return offset + step;
            }

            _state = Behind(rest[step]);
            offset += step + 1;
        }

        return -1;
    }

    /// <summary>The state behind a byte that may change it.</summary>
    private State Behind(byte value)
    {
        if (_state == State.Quoted)
        {
            return State.QuoteInQuoted;
        }

        if (value == delimiter)
        {
            return State.FieldStart;
        }

        return value == '"' && _state != State.Unquoted ? State.Quoted : State.Unquoted;
    }
}
