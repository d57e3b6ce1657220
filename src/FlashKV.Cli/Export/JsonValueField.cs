using System.Text.Json;
using FlashKV.Analytics;
using FlashKV.Cli.Import;

namespace FlashKV.Cli.Export;

/// <summary>A field of values that are JSON objects.</summary>
internal sealed class JsonValueField(string column, string path) : TableField(column)
{
    // Each thread looks for it with a field of its own, which keeps what it found.
    [ThreadStatic]
    private static Dictionary<JsonValueField, JsonField>? s_fields;

    protected override bool TryRead(StoreEntry entry, out ReadOnlySpan<byte> text)
    {
        s_fields ??= [];
        if (!s_fields.TryGetValue(this, out JsonField? field))
        {
            field = new JsonField(path);
            s_fields.Add(this, field);
        }

        try
        {
            field.Find(entry.Value);
        }
        catch (JsonException failure)
        {
            throw new TableColumnException(
                Column, entry.Key, "its value: " + JsonProblem.Describe(failure), failure);
        }

        bool isThere = field.Kind is not (JsonTokenType.None or JsonTokenType.Null);
        text = isThere ? field.BytesIn(entry.Value) : default;
        return isThere;
    }
}
