using FlashKV.Cli.Export;
using FlashKV.Cli.Import;
using FsCheck;
using FsCheck.Fluent;

namespace FlashKV.Cli.Tests.Export;

/// <summary>What a writer writes, the reader of its format reads back byte for byte.</summary>
public sealed class RoundTripTests
{
    private const int LimitBytes = 4 << 20;

    [Theory]
    [InlineData("jsonl")]
    [InlineData("csv")]
    [InlineData("lines")]
    public void Awkward_records_come_back(string format) =>
        AssertRoundTrip(format, AwkwardRecords.All());

    [Theory]
    [InlineData("jsonl")]
    [InlineData("csv")]
    [InlineData("lines")]
    public void Any_records_come_back(string format)
    {
        Gen<byte[]> text = ArbMap.Default.GeneratorFor<NonNull<string>>()
            .Select(s => System.Text.Encoding.UTF8.GetBytes(s.Get));
        Gen<byte[]> bytes = Gen.OneOf(text, ArbMap.Default.GeneratorFor<byte[]>());
        Gen<KeyValuePair<byte[], byte[]>> record =
            from key in bytes
            from value in bytes
            where key.Length > 0
            select new KeyValuePair<byte[], byte[]>(key, value);

        Prop.ForAll(
            record.ListOf().ToArbitrary(), records => AssertRoundTrip(format, records.ToList()))
            .QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_value_of_many_segments_comes_back_from_JSON()
    {
        byte[] text = new byte[(3 << 20) + 1];
        text.AsSpan().Fill((byte)'"');
        "é"u8.CopyTo(text.AsSpan((1 << 20) - 1));
        byte[] bytes = new byte[(3 << 20) + 1];
        new Random(3).NextBytes(bytes);

        AssertRoundTrip("jsonl", [new([1], text), new([2], bytes)], limitBytes: 64 << 20);
    }

    [Fact]
    public void Lines_of_text_look_as_they_did()
    {
        using MemoryStream output = new();
        using (LinesWriter writer = new(output, keysOnly: false))
        {
            writer.Write("k\t1"u8, "Grüße\n"u8);
            writer.Flush();
        }

        Assert.Equal("k\\t1\tGrüße\\n\n"u8, output.ToArray());
    }

    [Fact]
    public void Keys_alone_are_written_without_values()
    {
        using MemoryStream output = new();
        using (JsonLinesWriter writer = new(output, keysOnly: true))
        {
            writer.Write("k"u8, "v"u8);
            writer.Write([0xff], "v"u8);
            writer.Flush();
        }

        Assert.Equal("{\"key\":\"k\"}\n{\"keyBase64\":\"/w==\"}\n"u8, output.ToArray());
    }

    [Fact]
    public void Bytes_are_counted_before_they_are_handed_on()
    {
        using MemoryStream output = new();
        using CsvWriter writer = new(output);
        writer.Write("k"u8, "v"u8);
        long counted = writer.BytesWritten;
        writer.Flush();

        Assert.Equal("key,value,encoding\nk,v,\n"u8, output.ToArray());
        Assert.Equal(output.Length, counted);
        Assert.Equal(output.Length, writer.BytesWritten);
    }

    private static void AssertRoundTrip(
        string format, List<KeyValuePair<byte[], byte[]>> records, int limitBytes = LimitBytes)
    {
        using MemoryStream text = new();
        using (RecordWriter writer = Writer(format, text))
        {
            records.ForEach(record => writer.Write(record.Key, record.Value));
            writer.Flush();
        }

        text.Position = 0;
        using RecordReader reader = Reader(format, text, limitBytes);
        foreach (KeyValuePair<byte[], byte[]> record in records)
        {
            ReadResult result = reader.Read();
            Assert.True(result == ReadResult.Record, reader.Problem);
            Assert.Equal(record.Key, reader.Key.ToArray());
            Assert.Equal(record.Value, reader.Value.ToArray());
        }

        Assert.Equal(ReadResult.End, reader.Read());
    }

    private static RecordWriter Writer(string format, Stream output) => format switch
    {
        "jsonl" => new JsonLinesWriter(output, keysOnly: false),
        "csv" => new CsvWriter(output),
        _ => new LinesWriter(output, keysOnly: false),
    };

    private static RecordReader Reader(string format, Stream input, int limit) => format switch
    {
        "jsonl" => new ExportedJsonReader(new LineScanner(input, limit)),
        "csv" => new CsvReader(new CsvRowScanner(input, limit, (byte)','), new CsvSettings()),
        _ => new LinesReader(new LineScanner(input, limit), (byte)'\t', escaped: true),
    };
}
