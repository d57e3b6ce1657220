namespace FlashKV.Cli.Import;

/// <summary>
/// Reads keys and values from a stream. After a bad record it can go on with the next one.
/// </summary>
internal abstract class RecordReader(RecordScanner scanner) : IDisposable
{
    /// <summary>The latest record's key: 1 to 65,535 bytes, valid until the next read.</summary>
    public ReadOnlyMemory<byte> Key { get; protected set; }

    /// <summary>The latest record's value, valid until the next read.</summary>
    public ReadOnlyMemory<byte> Value { get; protected set; }

    /// <summary>What is wrong with the latest record, if it is bad.</summary>
    public string Problem { get; protected set; } = "";

    /// <summary>The line, from 1, on which the latest record begins.</summary>
    public long LineNumber => scanner.LineNumber;

    /// <summary>Bytes of the input that have been read past.</summary>
    public long BytesConsumed => scanner.BytesConsumed;

    /// <summary>Moves to the next record.</summary>
    /// <exception cref="IOException">The input cannot be read.</exception>
    /// <exception cref="ToolException">The input is not of this format at all.</exception>
    public ReadResult Read()
    {
        while (true)
        {
            switch (scanner.Next())
            {
                case ScanResult.End:
                    return ReadResult.End;
                case ScanResult.TooLong:
                    return Unreadable(
                        $"longer than {scanner.LimitBytes:N0} bytes (see --max-line)");
                case ScanResult.Unclosed:
                    return Unreadable("a quoted field is not closed");
                case ScanResult.Record when IsIgnored(scanner.Record):
                    continue;
                default:
                    return TryParse(scanner.Record) && KeyIsUsable()
                        ? ReadResult.Record : ReadResult.Bad;
            }
        }
    }

    /// <summary>Gives back what the reader holds; the input stays the caller's.</summary>
    public virtual void Dispose()
    {
    }

    /// <summary>Whether to pass over a record: an empty line, a header.</summary>
    protected virtual bool IsIgnored(ReadOnlyMemory<byte> record) => record.IsEmpty;

    /// <summary>Sets the key and the value, or <see cref="Problem"/> and answers false.</summary>
    protected abstract bool TryParse(ReadOnlyMemory<byte> record);

    /// <summary>
    /// A record cannot be read at all; throws if nothing behind it can be either.
    /// </summary>
    protected virtual ReadResult Unreadable(string problem)
    {
        Problem = problem;
        return ReadResult.Bad;
    }

    private bool KeyIsUsable()
    {
        if (Key.IsEmpty)
        {
            Problem = "the key is empty";
            return false;
        }

        if (Key.Length > FlashStore.MaxKeyLength)
        {
            Problem = $"the key has {Key.Length:N0} bytes, more than {FlashStore.MaxKeyLength:N0}";
            return false;
        }

        return true;
    }
}
