using System.Globalization;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Parquet;
using Parquet.Schema;

namespace FlashKV.Cli.Tests.Export;

/// <summary>Reads a table back, as sorted lines, a row each, of its columns' values.</summary>
internal static class TableFile
{
    public static async Task<string[]> ReadAsync(string path)
    {
        using FileStream file = File.OpenRead(path);
        List<string> rows = path.EndsWith(".arrow", StringComparison.Ordinal)
            ? await ReadArrowAsync(file) : await ReadParquetAsync(file);
        return [.. rows.Order(StringComparer.Ordinal)];
    }

    private static async Task<List<string>> ReadArrowAsync(FileStream file)
    {
        using ArrowFileReader reader = new(file, leaveOpen: true);
        List<string> rows = [];
        while (await reader.ReadNextRecordBatchAsync() is { } batch)
        {
            using (batch)
            {
                for (int row = 0; row < batch.Length; row++)
                {
                    rows.Add(Line(batch.Arrays.Select(array => ValueAt(array, row))));
                }
            }
        }

        return rows;
    }

    private static object? ValueAt(IArrowArray array, int row) => array switch
    {
        StringArray text => text.GetString(row),
        Int64Array numbers => numbers.GetValue(row),
        DoubleArray numbers => numbers.GetValue(row),
        BooleanArray truths => truths.GetValue(row),
        TimestampArray moments => moments.GetTimestamp(row)?.UtcDateTime,
        BinaryArray bytes => bytes.GetBytes(row).ToArray(),
        _ => throw new InvalidOperationException($"There is no column of {array.GetType()}."),
    };

    private static async Task<List<string>> ReadParquetAsync(FileStream file)
    {
        await using ParquetReader reader = await ParquetReader.CreateAsync(file);
        List<string> rows = [];
        for (int i = 0; i < reader.RowGroupCount; i++)
        {
            using ParquetRowGroupReader group = reader.OpenRowGroupReader(i);
            List<object?[]> columns = [];
            foreach (DataField field in reader.Schema.GetDataFields())
            {
                columns.Add(await ReadColumnAsync(group, field, (int)group.RowCount));
            }

            rows.AddRange(Enumerable.Range(0, (int)group.RowCount).Select(
                row => Line(columns.Select(column => column[row]))));
        }

        return rows;
    }

    private static async Task<object?[]> ReadColumnAsync(
        ParquetRowGroupReader group, DataField field, int rows)
    {
        if (field.ClrType == typeof(string) || field.ClrType == typeof(ReadOnlyMemory<char>))
        {
            string?[] texts = new string?[rows];
            await group.ReadAsync(field, texts!);
            return texts;
        }

        if (field.ClrType == typeof(byte[]) || field.ClrType == typeof(ReadOnlyMemory<byte>))
        {
            byte[]?[] bytes = new byte[rows][];
            await group.ReadAsync(field, bytes!);
            return bytes;
        }

        return field.ClrType == typeof(long) ? await ReadAsync<long>(group, field, rows)
            : field.ClrType == typeof(double) ? await ReadAsync<double>(group, field, rows)
            : field.ClrType == typeof(bool) ? await ReadAsync<bool>(group, field, rows)
            : await ReadAsync<DateTime>(group, field, rows);
    }

    private static async Task<object?[]> ReadAsync<T>(
        ParquetRowGroupReader group, DataField field, int rows)
        where T : struct
    {
        T?[] values = new T?[rows];
        await group.ReadAsync<T>(field, values);
        return [.. values.Select(static value => (object?)value)];
    }

    private static string Line(IEnumerable<object?> values) =>
        string.Join('|', values.Select(static value => value switch
        {
            null => "null",
            byte[] bytes => Convert.ToHexString(bytes),
            DateTime moment => moment.ToString("O", CultureInfo.InvariantCulture),
            _ => Convert.ToString(value, CultureInfo.InvariantCulture),
        }));
}
