using System.Text;
using System.Text.Unicode;
using Apache.Arrow;
using Apache.Arrow.Types;
using Parquet;
using Parquet.Schema;
using Array = System.Array;

namespace FlashKV.Analytics.Columns;

/// <summary>Values of different lengths, one behind the other.</summary>
internal sealed class BytesBuffer(
    string name, Func<StoreEntry, ReadOnlySpan<byte>> read, bool isText) : ColumnBuffer
{
    private readonly List<int> _ends = [];
    private byte[] _bytes = new byte[1 << 12];
    private int _length;

    public override long Bytes => _length;

    public override IArrowType ArrowType => isText ? StringType.Default : BinaryType.Default;

    public override bool IsNullable => false;

    public override void Add(StoreEntry entry)
    {
        ReadOnlySpan<byte> value = Read(entry);
        if (isText && !Utf8.IsValid(value))
        {
            throw new TableColumnException(name, entry.Key, "this is no text in UTF-8", null);
        }

        if (value.Length > _bytes.Length - _length)
        {
            Grow(entry.Key, value.Length);
        }

        value.CopyTo(_bytes.AsSpan(_length));
        _length += value.Length;
        _ends.Add(_length);
    }

    public override void Clear()
    {
        _ends.Clear();
        _length = 0;
    }

    public override DataField ToParquetField() => isText
        ? new DataField<ReadOnlyMemory<char>>(name)
        : new DataField<ReadOnlyMemory<byte>>(name);

    public override Task WriteAsync(
        ParquetRowGroupWriter writer, DataField field, CancellationToken cancellationToken) =>
        isText
            ? writer.WriteAsync<ReadOnlyMemory<char>>(
                field, Text(), cancellationToken: cancellationToken)
            : writer.WriteAsync<ReadOnlyMemory<byte>>(
                field, Slices(), cancellationToken: cancellationToken);

    public override IArrowArray ToArrow()
    {
        if (isText)
        {
            StringArray.Builder text = new();
            Fill(text);
            return text.Build();
        }

        BinaryArray.Builder builder = new();
        Fill(builder);
        return builder.Build();
    }

    private ReadOnlySpan<byte> Read(StoreEntry entry)
    {
        try
        {
            return read(entry);
        }
        catch (Exception exception) when (exception is not FlashStoreException)
        {
            throw new TableColumnException(
                name, entry.Key, "its function failed: " + exception.Message, exception);
        }
    }

    private void Grow(ReadOnlySpan<byte> key, int more)
    {
        long needed = (long)_length + more;
        if (needed > Array.MaxLength)
        {
            throw new TableColumnException(
                name, key, $"{needed:N0} bytes are more than a row group can have", null);
        }

        int size = (int)Math.Min(Array.MaxLength, Math.Max(needed, 2L * _bytes.Length));
        Array.Resize(ref _bytes, size);
    }

    private ReadOnlyMemory<byte>[] Slices()
    {
        ReadOnlyMemory<byte>[] slices = new ReadOnlyMemory<byte>[_ends.Count];
        for (int row = 0, start = 0; row < slices.Length; start = _ends[row++])
        {
            slices[row] = _bytes.AsMemory(start, _ends[row] - start);
        }

        return slices;
    }

    private ReadOnlyMemory<char>[] Text()
    {
        // UTF-16 has at most as many units as UTF-8 has bytes.
        char[] text = new char[_length];
        ReadOnlyMemory<char>[] slices = new ReadOnlyMemory<char>[_ends.Count];
        int used = 0;
        for (int row = 0, start = 0; row < slices.Length; start = _ends[row++])
        {
            int length = Encoding.UTF8.GetChars(
                _bytes.AsSpan(start, _ends[row] - start), text.AsSpan(used));
            slices[row] = text.AsMemory(used, length);
            used += length;
        }

        return slices;
    }

    private void Fill<TArray, TBuilder>(BinaryArray.BuilderBase<TArray, TBuilder> builder)
        where TArray : IArrowArray
        where TBuilder : class, IArrowArrayBuilder<byte, TArray, TBuilder>
    {
        builder.Reserve(_ends.Count);
        int start = 0;
        foreach (int end in _ends)
        {
            builder.Append(_bytes.AsSpan(start, end - start));
            start = end;
        }
    }
}
