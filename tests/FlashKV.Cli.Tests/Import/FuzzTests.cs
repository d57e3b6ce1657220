using System.Text;
using FlashKV.Cli.Import;
using FlashKV.Simulation.Fuzzing;

namespace FlashKV.Cli.Tests.Import;

/// <summary>Inputs of every format that were changed by a seed: each is read to its end.</summary>
public sealed class FuzzTests
{
    private const int Cases = 4_000;
    private const int LineLimit = 4_096;
    private const long MostBytesPerCase = 4L << 20;

    private static readonly string[] s_corpus =
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

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Any_input_is_read_to_its_end_within_bounded_memory(int format)
    {
        byte[][] corpus = [.. s_corpus.Select(Encoding.UTF8.GetBytes)];
        for (int seed = 0; seed < Cases; seed++)
        {
            var random = new Random(seed);
            byte[] input = ByteMutator.Resize(
                corpus[random.Next(corpus.Length)], corpus[random.Next(corpus.Length)], random);
            long before = GC.GetAllocatedBytesForCurrentThread();
            int records = ReadAll(format, input);
            long taken = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(records <= input.Length + 1, $"seed {seed}: {records} records");
            Assert.True(taken < MostBytesPerCase, $"seed {seed}: {taken} bytes were taken");
        }
    }

    private static int ReadAll(int format, byte[] input)
    {
        using MemoryStream stream = new(input);
        int records = 0;
        try
        {
            using RecordReader reader = Reader(format, stream);
            while (reader.Read() is not ReadResult.End)
            {
                records++;
            }
        }
        catch (ToolException)
        {
            // Not of this format at all: an answer like another.
        }

        return records;
    }

    private static RecordReader Reader(int format, MemoryStream stream) => format switch
    {
        0 => new JsonLinesReader(
            new LineScanner(stream, LineLimit), new JsonField("id"), new JsonField("x.id")),
        1 => new ExportedJsonReader(new LineScanner(stream, LineLimit)),
        2 => new CsvReader(
            new CsvRowScanner(stream, LineLimit, (byte)','),
            new CsvSettings { KeyColumn = "1" }),
        3 => new CsvReader(new CsvRowScanner(stream, LineLimit, (byte)','), new CsvSettings()),
        _ => new LinesReader(new LineScanner(stream, LineLimit), (byte)'\t', escaped: true),
    };
}
