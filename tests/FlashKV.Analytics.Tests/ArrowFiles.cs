using Apache.Arrow;
using Apache.Arrow.Ipc;

namespace FlashKV.Analytics.Tests;

/// <summary>Reads Arrow files back.</summary>
internal static class ArrowFiles
{
    public static async Task<(List<Order> Orders, List<long> Groups)> ReadAsync(Stream stream)
    {
        stream.Position = 0;
        using ArrowFileReader reader = new(stream, leaveOpen: true);
        List<Order> orders = [];
        List<long> groups = [];
        int batches = await reader.RecordBatchCountAsync();
        for (int i = 0; i < batches; i++)
        {
            using RecordBatch batch =
                await reader.ReadRecordBatchAsync(i, TestContext.Current.CancellationToken);
            groups.Add(batch.Length);
            Read(batch, orders);
        }

        return (orders, groups);
    }

    public static async Task<List<string?>> ReadTextsAsync(Stream stream)
    {
        stream.Position = 0;
        using ArrowFileReader reader = new(stream, leaveOpen: true);
        List<string?> texts = [];
        int batches = await reader.RecordBatchCountAsync();
        for (int i = 0; i < batches; i++)
        {
            using RecordBatch batch =
                await reader.ReadRecordBatchAsync(i, TestContext.Current.CancellationToken);
            StringArray read = (StringArray)batch.Column(0);
            texts.AddRange(Enumerable.Range(0, batch.Length).Select(row => read.GetString(row)));
        }

        return texts;
    }

    private static void Read(RecordBatch batch, List<Order> orders)
    {
        StringArray ids = (StringArray)batch.Column("id");
        Int64Array cents = (Int64Array)batch.Column("cents");
        DoubleArray amounts = (DoubleArray)batch.Column("amount");
        BooleanArray paid = (BooleanArray)batch.Column("paid");
        TimestampArray at = (TimestampArray)batch.Column("at");
        BinaryArray cities = (BinaryArray)batch.Column("city");
        for (int row = 0; row < batch.Length; row++)
        {
            orders.Add(new Order(
                ids.GetString(row),
                cents.GetValue(row),
                amounts.GetValue(row),
                paid.GetValue(row),
                at.GetTimestamp(row)?.UtcDateTime,
                Convert.ToHexString(cities.GetBytes(row))));
        }
    }
}
