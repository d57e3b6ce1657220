using Parquet;
using Parquet.Schema;

namespace FlashKV.Analytics.Tests;

/// <summary>Reads Parquet files back.</summary>
internal static class ParquetFiles
{
    public static async Task<(List<Order> Orders, List<long> Groups)> ReadAsync(Stream stream)
    {
        stream.Position = 0;
        await using ParquetReader reader = await ParquetReader.CreateAsync(
            stream, cancellationToken: TestContext.Current.CancellationToken);
        DataField[] fields = reader.Schema.GetDataFields();
        Assert.Equal(
            ["id", "cents", "amount", "paid", "at", "city"], fields.Select(field => field.Name));
        List<Order> orders = [];
        List<long> groups = [];
        for (int i = 0; i < reader.RowGroupCount; i++)
        {
            using ParquetRowGroupReader group = reader.OpenRowGroupReader(i);
            groups.Add(group.RowCount);
            await ReadAsync(group, fields, orders);
        }

        return (orders, groups);
    }

    public static async Task<List<string?>> ReadTextsAsync(Stream stream)
    {
        stream.Position = 0;
        await using ParquetReader reader = await ParquetReader.CreateAsync(
            stream, cancellationToken: TestContext.Current.CancellationToken);
        List<string?> texts = [];
        for (int i = 0; i < reader.RowGroupCount; i++)
        {
            using ParquetRowGroupReader group = reader.OpenRowGroupReader(i);
            string?[] read = new string?[group.RowCount];
            await group.ReadAsync(
                reader.Schema.GetDataFields()[0],
                read!,
                null,
                TestContext.Current.CancellationToken);
            texts.AddRange(read);
        }

        return texts;
    }

    private static async Task ReadAsync(
        ParquetRowGroupReader group, DataField[] fields, List<Order> orders)
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        int rows = (int)group.RowCount;
        string[] ids = new string[rows];
        long?[] cents = new long?[rows];
        double?[] amounts = new double?[rows];
        bool?[] paid = new bool?[rows];
        DateTime?[] at = new DateTime?[rows];
        byte[][] cities = new byte[rows][];
        await group.ReadAsync(fields[0], ids, null, stop);
        await group.ReadAsync<long>(fields[1], cents, null, stop);
        await group.ReadAsync<double>(fields[2], amounts, null, stop);
        await group.ReadAsync<bool>(fields[3], paid, null, stop);
        await group.ReadAsync<DateTime>(fields[4], at, null, stop);
        await group.ReadAsync(fields[5], cities, null, stop);
        for (int row = 0; row < rows; row++)
        {
            orders.Add(new Order(
                ids[row],
                cents[row],
                amounts[row],
                paid[row],
                at[row],
                Convert.ToHexString(cities[row] ?? [])));
        }
    }
}
