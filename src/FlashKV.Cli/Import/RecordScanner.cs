using System.Diagnostics;

namespace FlashKV.Cli.Import;

/// <summary>
/// Cuts a stream into records without keeping more of it in memory than the record at hand. What
/// ends a record, the derived class knows; line numbers, the limit and the buffer are here.
/// </summary>
internal abstract class RecordScanner
{
    private const int ChunkBytes = 256 * 1024;

    private readonly Stream _source;
    private readonly int _limitBytes;
    private byte[] _buffer = new byte[ChunkBytes];
    private int _recordStart;
    private int _scanned;
    private int _filled;
    private int _recordLength;
    private long _nextLine = 1;
    private bool _started;

    /// <summary>
    /// Reads from <paramref name="source"/>, which stays the caller's. A record (without its line
    /// end) has at most <paramref name="limitBytes"/>.
    /// </summary>
    protected RecordScanner(Stream source, int limitBytes)
    {
        Debug.Assert(limitBytes is > 0 and <= 1 << 30);
        _source = source;
        _limitBytes = limitBytes;
    }

    /// <summary>The latest record without its line end; valid until the next one is read.</summary>
    public ReadOnlyMemory<byte> Record => _buffer.AsMemory(_recordStart, _recordLength);

    /// <summary>The line, from 1, on which the latest record begins.</summary>
    public long LineNumber { get; private set; }

    /// <summary>The most bytes that a record may have.</summary>
    public int LimitBytes => _limitBytes;

    /// <summary>Bytes of the input that have been read past.</summary>
    public long BytesConsumed { get; private set; }

    /// <summary>Moves to the next record.</summary>
    /// <exception cref="IOException">The source cannot be read.</exception>
    public ScanResult Next()
    {
        SkipByteOrderMark();
        LineNumber = _nextLine;
        BytesConsumed += _scanned - _recordStart;
        _recordStart = _scanned;
        BeginRecord();
        while (true)
        {
            int end = FindEnd(_buffer.AsSpan(_scanned, _filled - _scanned));
            if (end >= 0)
            {
                return TakeRecord(_scanned + end, lineEndBytes: 1);
            }

            _scanned = _filled;
            if (_filled - _recordStart > _limitBytes + 1)
            {
                return SkipLongRecord();
            }

            if (!Fill())
            {
                return TakeLastRecord();
            }
        }
    }

    /// <summary>A new record begins: forget what was seen of the one before.</summary>
    protected abstract void BeginRecord();

    /// <summary>
    /// The offset of the line feed that ends the record, or -1 if it is not among
    /// <paramref name="bytes"/>, which follow those of the calls since <see cref="BeginRecord"/>.
    /// </summary>
    protected abstract int FindEnd(ReadOnlySpan<byte> bytes);

    /// <summary>Whether the end of the input may end a record here.</summary>
    protected abstract bool MayEndHere { get; }

    private ScanResult TakeRecord(int end, int lineEndBytes)
    {
        ReadOnlySpan<byte> record = _buffer.AsSpan(_recordStart, end - _recordStart);
        _nextLine += record.Count((byte)'\n') + 1;
        _scanned = end + lineEndBytes;
        _recordLength = record is [.., (byte)'\r'] ? record.Length - 1 : record.Length;
        return _recordLength <= _limitBytes ? ScanResult.Record : ScanResult.TooLong;
    }

    private ScanResult TakeLastRecord()
    {
        if (_filled == _recordStart)
        {
            _recordLength = 0;
            return ScanResult.End;
        }

        if (MayEndHere)
        {
            return TakeRecord(_filled, lineEndBytes: 0);
        }

        // What follows the first line was perhaps never meant to be part of the quoted field.
        int firstLine = _buffer.AsSpan(_recordStart, _filled - _recordStart).IndexOf((byte)'\n');
        _scanned = firstLine < 0 ? _filled : _recordStart + firstLine + 1;
        _nextLine++;
        _recordLength = 0;
        return ScanResult.Unclosed;
    }

    private ScanResult SkipLongRecord()
    {
        int end;
        do
        {
            _nextLine += _buffer.AsSpan(_recordStart, _filled - _recordStart).Count((byte)'\n');
            BytesConsumed += _filled - _recordStart;
            _recordStart = _scanned = _filled = 0;
            if (!Fill())
            {
                break;
            }

            end = FindEnd(_buffer.AsSpan(0, _filled));
            _scanned = end < 0 ? _filled : end + 1;
        }
        while (end < 0);

        _nextLine += _buffer.AsSpan(0, _scanned).Count((byte)'\n');
        _recordLength = 0;
        return ScanResult.TooLong;
    }

    /// <summary>Reads more behind what is there. False at the end of the input.</summary>
    private bool Fill()
    {
        if (_recordStart > 0)
        {
            _buffer.AsSpan(_recordStart, _filled - _recordStart).CopyTo(_buffer);
            _filled -= _recordStart;
            _scanned -= _recordStart;
            _recordStart = 0;
        }

        if (_filled == _buffer.Length)
        {
            // Ends: a record past the limit is given up before the buffer is full again.
            Array.Resize(ref _buffer, (int)Math.Min(2L * _filled, _limitBytes + (long)ChunkBytes));
        }

        int count = _source.Read(_buffer, _filled, _buffer.Length - _filled);
        _filled += count;
        return count > 0;
    }

    private void SkipByteOrderMark()
    {
        if (_started)
        {
            return;
        }

        _started = true;
        while (_filled < 3 && Fill())
        {
        }

        ReadOnlySpan<byte> mark = "\ufeff"u8;
        if (_buffer.AsSpan(0, _filled).StartsWith(mark))
        {
            _scanned = mark.Length;
        }
    }
}
