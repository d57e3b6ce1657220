using System.Buffers;

namespace FlashKV.Cli.Export;

/// <summary>
/// Writes records to a stream, each a line or more of text; gathered, and handed on in large
/// pieces. The stream stays the caller's.
/// </summary>
internal abstract class RecordWriter(Stream output) : IDisposable
{
    private const int PieceBytes = 64 * 1024;

    private long _handedOn;

    /// <summary>What is not handed on yet.</summary>
    protected ArrayBufferWriter<byte> Pending { get; } = new(PieceBytes);

    /// <summary>Bytes written, those that are still gathered included.</summary>
    public long BytesWritten => _handedOn + Pending.WrittenCount;

    /// <summary>Writes one record.</summary>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public void Write(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Append(key, value);
        if (Pending.WrittenCount >= PieceBytes)
        {
            HandOn();
        }
    }

    /// <summary>Hands on what is gathered, down to the stream's own medium.</summary>
    public void Flush()
    {
        HandOn();
        output.Flush();
    }

    /// <summary>Gives back what the writer holds; what is gathered is not handed on.</summary>
    public virtual void Dispose()
    {
    }

    /// <summary>Appends one record to <see cref="Pending"/>.</summary>
    protected abstract void Append(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

    private void HandOn()
    {
        output.Write(Pending.WrittenSpan);
        _handedOn += Pending.WrittenCount;
        Pending.ResetWrittenCount();
    }
}
