namespace FlashKV.Analytics.Tests;

/// <summary>Tables of snapshots, read back by the libraries of the formats.</summary>
public sealed class TableExportTests : IDisposable
{
    private const int Orders = 5_000;

    private readonly TestStore _test = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<TableFormat> Formats => [TableFormat.Parquet, TableFormat.Arrow];

    public void Dispose() => _test.Dispose();

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_file_has_every_entry_of_the_snapshot_once(TableFormat format)
    {
        _test.Fill(Orders);
        using StoreSnapshot snapshot = _test.Store.CreateSnapshot();
        Overwrite();
        using MemoryStream file = new();

        TableExportResult result = await WriteAsync(format, snapshot, file);

        (List<Order> orders, List<long> groups) = await ReadAsync(format, file);
        Assert.Equal(Order.UpTo(Orders), Order.InOrder(orders));
        Assert.Equal(new TableExportResult(Orders, groups.Count, 1), result);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_directory_has_a_file_for_each_shard(TableFormat format)
    {
        _test.Fill(Orders);
        using StoreSnapshot snapshot = _test.Store.CreateSnapshot();
        string directory = _test.InDirectory("tables");

        TableExportResult result = await WriteAsync(format, snapshot, directory);

        string[] files = Directory.GetFiles(directory);
        Assert.Equal(snapshot.ShardCount, files.Length);
        Assert.Equal(snapshot.ShardCount, result.Files);
        Assert.False(Directory.Exists(directory + ".partial"));
        List<Order> orders = [];
        foreach (string path in files)
        {
            using FileStream file = File.OpenRead(path);
            orders.AddRange((await ReadAsync(format, file)).Orders);
        }

        Assert.Equal(Order.UpTo(Orders), Order.InOrder(orders));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Row_groups_end_where_the_options_say(TableFormat format)
    {
        _test.Fill(Orders);
        using StoreSnapshot snapshot = _test.Store.CreateSnapshot();
        using MemoryStream byRows = new();
        using MemoryStream byBytes = new();

        await WriteAsync(format, snapshot, byRows, new() { RowGroupRows = 100 });
        await WriteAsync(format, snapshot, byBytes, new() { RowGroupBytes = 1_000 });

        List<long> rows = (await ReadAsync(format, byRows)).Groups;
        Assert.All(rows, group => Assert.InRange(group, 1, 100));
        Assert.InRange(rows.Count, Orders / 100, (Orders / 100) + snapshot.ShardCount);

        // An order has 7 to 20 bytes of text and bytes.
        List<long> groups = (await ReadAsync(format, byBytes)).Groups;
        Assert.All(groups, group => Assert.InRange(group, 1, 143));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task An_empty_store_gives_an_empty_table(TableFormat format)
    {
        using StoreSnapshot snapshot = _test.Store.CreateSnapshot();
        using MemoryStream file = new();

        TableExportResult result = await WriteAsync(format, snapshot, file);

        Assert.Empty((await ReadAsync(format, file)).Orders);
        Assert.Equal(0, result.Rows);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task An_entry_that_fits_no_column_is_named_and_leaves_no_table(TableFormat format)
    {
        _test.Fill(Orders);
        _test.Store.Put([0xFF, 0x01], TestStore.ValueOf(1), Durability.Buffered);
        using StoreSnapshot snapshot = _test.Store.CreateSnapshot();
        string directory = _test.InDirectory("tables");

        TableColumnException exception = await Assert.ThrowsAsync<TableColumnException>(
            () => WriteAsync(format, snapshot, directory));

        Assert.Equal("id", exception.Column);
        Assert.Equal([0xFF, 0x01], exception.Key.ToArray());
        Assert.Contains("FF01", exception.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(directory));

        // The next one replaces what is left of it.
        _test.Store.Delete([0xFF, 0x01]);
        using StoreSnapshot later = _test.Store.CreateSnapshot();
        Assert.Equal(Orders, (await WriteAsync(format, later, directory)).Rows);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_function_that_throws_is_named_and_leaves_no_whole_file(TableFormat format)
    {
        _test.Fill(3);
        _test.Store.Put("x"u8, "short"u8, Durability.Buffered);
        using StoreSnapshot snapshot = _test.Store.CreateSnapshot();
        using MemoryStream file = new();

        TableColumnException exception = await Assert.ThrowsAsync<TableColumnException>(
            () => WriteAsync(format, snapshot, file));

        Assert.Equal("cents", exception.Column);
        Assert.IsType<ArgumentOutOfRangeException>(exception.InnerException);
        await Assert.ThrowsAnyAsync<Exception>(() => ReadAsync(format, file));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_directory_that_is_there_is_left_alone(TableFormat format)
    {
        using StoreSnapshot snapshot = _test.Store.CreateSnapshot();
        string directory = Directory.CreateDirectory(_test.InDirectory("tables")).FullName;
        File.WriteAllText(Path.Combine(directory, "mine"), "text");

        IOException exception = await Assert.ThrowsAsync<IOException>(
            () => WriteAsync(format, snapshot, directory));

        Assert.Contains(directory, exception.Message, StringComparison.Ordinal);
        Assert.Equal(["mine"], Directory.GetFiles(directory).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_cancelled_export_leaves_no_table()
    {
        _test.Fill(Orders);
        using StoreSnapshot snapshot = _test.Store.CreateSnapshot();
        using CancellationTokenSource source = new();
        TableSchema schema = new(TableColumn.Int64("n", _ =>
        {
            source.Cancel();
            return 1;
        }));
        string directory = _test.InDirectory("tables");

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => snapshot.WriteParquetAsync(
            schema, directory, new() { RowGroupRows = 10 }, source.Token));

        Assert.False(Directory.Exists(directory));
    }

    [Fact]
    public async Task The_key_the_value_and_the_version_are_the_default_columns()
    {
        _test.Fill(10);
        using StoreSnapshot snapshot = _test.Store.CreateSnapshot();
        using MemoryStream file = new();

        await snapshot.WriteParquetAsync(TableSchema.KeyValue, file, cancellationToken: Stop);

        file.Position = 0;
        global::Parquet.Schema.ParquetSchema schema =
            await global::Parquet.ParquetReader.ReadSchemaAsync(file);
        Assert.Equal(["key", "value", "version"], schema.Fields.Select(field => field.Name));
    }

    [Fact]
    public async Task Text_may_be_null()
    {
        _test.Fill(6);
        using StoreSnapshot snapshot = _test.Store.CreateSnapshot();
        TableSchema schema = new(TableColumn.Text("city", static entry =>
            entry.Value.Length == 8
                ? null : System.Text.Encoding.UTF8.GetString(entry.Value[8..])));
        TableExportOptions one = new() { MaxParallelism = 1 };
        using MemoryStream parquet = new();
        using MemoryStream arrow = new();

        await snapshot.WriteParquetAsync(schema, parquet, one, Stop);
        await snapshot.WriteArrowAsync(schema, arrow, one, Stop);

        string?[] expected = ["Köln", "Köln", "Zürich", "Aachen", null, null];
        Assert.Equal(
            expected.Order(StringComparer.Ordinal),
            (await ParquetFiles.ReadTextsAsync(parquet)).Order(StringComparer.Ordinal));
        Assert.Equal(
            expected.Order(StringComparer.Ordinal),
            (await ArrowFiles.ReadTextsAsync(arrow)).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Half_of_a_character_is_no_text(TableFormat format)
    {
        _test.Fill(1);
        using StoreSnapshot snapshot = _test.Store.CreateSnapshot();
        TableSchema schema = new(TableColumn.Text("t", static _ => "\ud800"));
        using MemoryStream file = new();

        TableColumnException exception = await Assert.ThrowsAsync<TableColumnException>(
            () => format == TableFormat.Parquet
                ? snapshot.WriteParquetAsync(schema, file, null, Stop)
                : snapshot.WriteArrowAsync(schema, file, null, Stop));

        Assert.Equal("t", exception.Column);
    }

    [Fact]
    public async Task Progress_is_told_of_all_rows()
    {
        _test.Fill(Orders);
        using StoreSnapshot snapshot = _test.Store.CreateSnapshot();
        List<long> told = [];

        await WriteAsync(TableFormat.Arrow, snapshot, new MemoryStream(), new()
        {
            RowGroupRows = 100,
            MaxParallelism = 1,
            Progress = new Told(told),
        });

        Assert.Equal(Orders, told[^1]);
        Assert.Equal(told.Order(), told);
        Assert.InRange(told.Count, Orders / 100, (Orders / 100) + snapshot.ShardCount);
    }

    [Fact]
    public void A_schema_needs_columns_with_different_names()
    {
        Assert.Throws<ArgumentException>(() => new TableSchema());
        ArgumentException exception = Assert.Throws<ArgumentException>(
            () => new TableSchema(TableColumn.Key("a"), TableColumn.Value("a")));
        Assert.Contains("named a", exception.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => TableColumn.Key(" "));
    }

    [Fact]
    public async Task Options_out_of_range_are_refused_before_anything_is_written()
    {
        using StoreSnapshot snapshot = _test.Store.CreateSnapshot();
        using MemoryStream file = new();
        TableExportOptions[] wrong =
        [
            new() { RowGroupRows = 0 },
            new() { RowGroupBytes = 0 },
            new() { MaxParallelism = 0 },
            new() { Compression = (TableCompression)17 },
        ];
        foreach (TableExportOptions options in wrong)
        {
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
                () => WriteAsync(TableFormat.Parquet, snapshot, file, options));
        }

        Assert.Equal(0, file.Length);
    }

    [Theory]
    [InlineData(TableCompression.None)]
    [InlineData(TableCompression.Snappy)]
    [InlineData(TableCompression.Zstandard)]
    public async Task Every_compression_can_be_read(TableCompression compression)
    {
        _test.Fill(Orders);
        using StoreSnapshot snapshot = _test.Store.CreateSnapshot();
        using MemoryStream file = new();

        await WriteAsync(TableFormat.Parquet, snapshot, file, new() { Compression = compression });

        List<Order> orders = (await ParquetFiles.ReadAsync(file)).Orders;
        Assert.Equal(Order.UpTo(Orders), Order.InOrder(orders));
    }

    private static Task<TableExportResult> WriteAsync(
        TableFormat format,
        StoreSnapshot snapshot,
        Stream file,
        TableExportOptions? options = null) =>
        format == TableFormat.Parquet
            ? snapshot.WriteParquetAsync(TestStore.Orders, file, options, Stop)
            : snapshot.WriteArrowAsync(TestStore.Orders, file, options, Stop);

    private static Task<TableExportResult> WriteAsync(
        TableFormat format, StoreSnapshot snapshot, string directory) =>
        format == TableFormat.Parquet
            ? snapshot.WriteParquetAsync(TestStore.Orders, directory, null, Stop)
            : snapshot.WriteArrowAsync(TestStore.Orders, directory, null, Stop);

    private static Task<(List<Order> Orders, List<long> Groups)> ReadAsync(
        TableFormat format, Stream file) => format == TableFormat.Parquet
        ? ParquetFiles.ReadAsync(file)
        : ArrowFiles.ReadAsync(file);

    private void Overwrite()
    {
        for (int order = 0; order < Orders; order += 2)
        {
            _test.Store.Put(TestStore.KeyOf(order), "later...."u8, Durability.Buffered);
        }

        _test.Store.Delete(TestStore.KeyOf(1));
    }

    private sealed class Told(List<long> rows) : IProgress<long>
    {
        public void Report(long value) => rows.Add(value);
    }
}
