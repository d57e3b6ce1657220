using System.Text;
using FlashKV.Cli;
using FlashKV.Cli.Import;

namespace FlashKV.Fuzzing.Targets;

/// <summary>A reader of imported files: each input is read to its end.</summary>
internal sealed class ImportTarget(string name, Func<Stream, RecordReader> open) : IFuzzTarget
{
    private const int LineLimit = 4_096;

    private static readonly string[] s_seeds =
    [
        "{\"id\":\"a\",\"n\":1.50,\"x\":{\"id\":[1,2,{\"y\":null}]}}\n"
            + "{\"id\":12}\n\n{\"id\":true}\n",
        "{\"key\":\"a\",\"value\":\"\\u00e9\\ud83d\\ude00\"}\n"
            + "{\"keyBase64\":\"AP8=\",\"valueBase64\":\"QUI=\"}\n",
        "id,name,price\r\n7,\"Tea, \"\"green\"\"\",3.50\r\n9,\"two\nlines\",\r\n",
        "key,value,encoding\na,b,\nAP8=,QUI=,base64\n",
        "a\\\\b\\t\\x00\\xff\tvalue\nplain\n\tno key\n",
        "\ufeffkey\tvalue\r\n",
    ];

    public static IEnumerable<IFuzzTarget> All =>
    [
        new ImportTarget("import-json", static stream => new JsonLinesReader(
            new LineScanner(stream, LineLimit), new JsonField("id"), new JsonField("x.id"))),
        new ImportTarget("import-exported", static stream =>
            new ExportedJsonReader(new LineScanner(stream, LineLimit))),
        new ImportTarget("import-csv", static stream => new CsvReader(
            new CsvRowScanner(stream, LineLimit, (byte)','),
            new CsvSettings { KeyColumn = "1" })),
        new ImportTarget("import-csv-exported", static stream => new CsvReader(
            new CsvRowScanner(stream, LineLimit, (byte)','), new CsvSettings())),
        new ImportTarget("import-lines", static stream =>
            new LinesReader(new LineScanner(stream, LineLimit), (byte)'\t', escaped: true)),
    ];

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public IReadOnlyList<byte[]> Seeds { get; } = [.. s_seeds.Select(Encoding.UTF8.GetBytes)];

    /// <inheritdoc/>
    public long MostManagedBytes => 4L << 20;

    /// <inheritdoc/>
    public void Run(ReadOnlyMemory<byte> input)
    {
        using MemoryStream stream = new(input.ToArray());
        int records = 0;
        try
        {
            using RecordReader reader = open(stream);
            while (reader.Read() is not ReadResult.End)
            {
                FuzzFailure.Unless(
                    ++records <= input.Length + 1, "there are more records than bytes");
            }
        }
        catch (ToolException)
        {
            // Not of this format at all: an answer like another.
        }
    }

    public void Dispose()
    {
    }
}
