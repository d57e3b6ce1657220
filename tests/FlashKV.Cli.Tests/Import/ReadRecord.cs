using System.Text;
using FlashKV.Cli.Import;

namespace FlashKV.Cli.Tests.Import;

/// <summary>What a reader said about one record: bytes as Latin-1 text, so that all show.</summary>
internal sealed record ReadRecord(long Line, string Key, string Value, string? Problem = null)
{
    /// <summary>Reads everything, the bad records too.</summary>
    public static List<ReadRecord> All(RecordReader reader)
    {
        List<ReadRecord> records = [];
        while (true)
        {
            switch (reader.Read())
            {
                case ReadResult.End:
                    return records;
                case ReadResult.Bad:
                    records.Add(new(reader.LineNumber, "", "", reader.Problem));
                    break;
                default:
                    records.Add(new(
                        reader.LineNumber,
                        Encoding.Latin1.GetString(reader.Key.Span),
                        Encoding.Latin1.GetString(reader.Value.Span)));
                    break;
            }
        }
    }

    /// <summary>The bytes of <paramref name="text"/>, a character a byte.</summary>
    public static MemoryStream Input(string text) => new(Encoding.Latin1.GetBytes(text));
}
