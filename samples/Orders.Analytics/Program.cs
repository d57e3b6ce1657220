using System.Diagnostics;
using System.Globalization;
using FlashKV;
using FlashKV.Analytics;
using FlashKV.Samples.Orders;

// Adds up the orders of a clone of the live store. See samples/README.md.
if (args.Length == 0)
{
    Console.Error.WriteLine("usage: Orders.Analytics FILE.svg [DIR]");
    return 2;
}

try
{
    await ReportAsync(args[0], args.ElementAtOrDefault(1));
    return 0;
}
catch (FlashStoreException failure)
{
    Console.Error.WriteLine(failure.Message);
    return 1;
}

static async Task ReportAsync(string chart, string? directory)
{
    long start = Stopwatch.GetTimestamp();
    using ClonedStore clone = directory is not null
        ? FlashStore.OpenClone(directory) // by name, from any shell
        : FlashStore.OpenClone(); // the one that this process was started for
    TimeSpan opened = Stopwatch.GetElapsedTime(start);

    // Each shard by itself, so that they are read side by side.
    Revenue[] parts = new Revenue[clone.ShardCount];
    Parallel.For(0, parts.Length, shard => parts[shard] = Revenue.Of(clone.Scan(shard)));
    Revenue revenue = Revenue.Sum(parts);
    TimeSpan added = Stopwatch.GetElapsedTime(start) - opened;

    RevenueChart.Write(chart, revenue, clone.CreatedAt);
    string table = Path.ChangeExtension(chart, ".parquet");
    using (FileStream file = File.Create(table))
    {
        await clone.WriteParquetAsync(
            new TableSchema(
                TableColumn.Int64("order", entry => Order.Read(entry.Key, entry.Value).Number),
                TableColumn.Int64("cents", entry => Order.Read(entry.Key, entry.Value).Cents),
                TableColumn.Timestamp("at", entry => Order.Read(entry.Key, entry.Value).At)),
            file);
    }

    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{revenue.Orders:N0} orders of {clone.CreatedAt:T}: "
        + $"opened in {opened.TotalMilliseconds:N0} ms, "
        + $"added up in {added.TotalMilliseconds:N0} ms; "
        + $"{chart}, {table}"));
}
