using System.Buffers;
using System.Text;
using System.Text.Json;

namespace FlashKV.Cli.Import;

/// <summary>
/// A field of JSON objects by its path: names divided by dots (<c>user.id</c>; <c>\.</c> is a dot
/// within a name). If an object has the name twice, the last one counts.
/// </summary>
internal sealed class JsonField
{
    private readonly byte[][] _path;
    private readonly ArrayBufferWriter<byte> _text = new();
    private int _rawStart;
    private int _rawEnd;

    public JsonField(string path)
    {
        Path = path;
        _path = SplitPath(path).Select(Encoding.UTF8.GetBytes).ToArray();
    }

    /// <summary>The path as it was given.</summary>
    public string Path { get; }

    /// <summary>
    /// What was found; <see cref="JsonTokenType.None"/> if the field is not there.
    /// </summary>
    public JsonTokenType Kind { get; private set; }

    /// <summary>
    /// Reads <paramref name="line"/> to its end and remembers the field.
    /// </summary>
    /// <exception cref="JsonException">The line is not one whole JSON object.</exception>
    public void Find(ReadOnlySpan<byte> line)
    {
        Kind = JsonTokenType.None;
        Utf8JsonReader reader = new(line);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("not a JSON object");
        }

        FindIn(ref reader, depth: 0);

        // Anything but white space behind the object makes this throw.
        reader.Read();
    }

    /// <summary>
    /// The field's bytes: a string's text, anything else as it stands in <paramref name="line"/>,
    /// the line that was read last. Valid until the next line is read.
    /// </summary>
    public ReadOnlyMemory<byte> BytesIn(ReadOnlyMemory<byte> line) => Kind == JsonTokenType.String
        ? _text.WrittenMemory : line[_rawStart.._rawEnd];

    /// <summary>The same of a line that is not in an array.</summary>
    public ReadOnlySpan<byte> BytesIn(ReadOnlySpan<byte> line) => Kind == JsonTokenType.String
        ? _text.WrittenSpan : line[_rawStart.._rawEnd];

    private static List<string> SplitPath(string path)
    {
        List<string> names = [];
        StringBuilder name = new();
        for (int index = 0; index < path.Length; index++)
        {
            if (path[index] == '\\' && index + 1 < path.Length && path[index + 1] is '.' or '\\')
            {
                name.Append(path[++index]);
            }
            else if (path[index] == '.')
            {
                names.Add(name.ToString());
                name.Clear();
            }
            else
            {
                name.Append(path[index]);
            }
        }

        names.Add(name.ToString());
        return names;
    }

    private void FindIn(ref Utf8JsonReader reader, int depth)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool named = reader.ValueTextEquals(_path[depth]);
            reader.Read();
            if (named && depth == _path.Length - 1)
            {
                Capture(ref reader);
            }
            else if (named && reader.TokenType == JsonTokenType.StartObject)
            {
                FindIn(ref reader, depth + 1);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private void Capture(ref Utf8JsonReader reader)
    {
        Kind = reader.TokenType;
        if (Kind == JsonTokenType.String)
        {
            CopyText(ref reader, _text);
            return;
        }

        _rawStart = (int)reader.TokenStartIndex;
        reader.Skip();
        _rawEnd = (int)reader.BytesConsumed;
    }

    /// <summary>Puts a string's text, unescaped, into <paramref name="text"/>.</summary>
    internal static void CopyText(ref Utf8JsonReader reader, ArrayBufferWriter<byte> text)
    {
        text.ResetWrittenCount();
        try
        {
            text.Advance(reader.CopyString(text.GetSpan(Math.Max(reader.ValueSpan.Length, 1))));
        }
        catch (InvalidOperationException failure)
        {
            throw new JsonException("a string with half of a surrogate pair", failure);
        }
    }
}
