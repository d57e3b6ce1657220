using System.Text.Json;

namespace FlashKV.Cli.Commands;

/// <summary>A value of a topology file that knows its place, for messages.</summary>
internal sealed class TopologyElement(string file, string place, JsonElement value)
{
    /// <summary>Whether it is a string.</summary>
    public bool IsText => value.ValueKind == JsonValueKind.String;

    /// <summary>What is wrong with it.</summary>
    public ToolException Problem(string what) => new(
        ExitCode.DataError,
        $"topology '{file}', {(place.Length == 0 ? "the whole" : place)}: {what}");

    /// <summary>Checks that it is an object without other members.</summary>
    public void AllowOnly(params ReadOnlySpan<string> names)
    {
        foreach (JsonProperty member in Object().EnumerateObject())
        {
            if (!names.Contains(member.Name))
            {
                throw Problem(
                    $"'{member.Name}' is not known; there is {string.Join(", ", names!)}");
            }
        }
    }

    /// <summary>A member that must be there.</summary>
    public TopologyElement Required(string name) =>
        Optional(name) ?? throw Problem($"'{name}' is missing");

    /// <summary>A member that may be there.</summary>
    public TopologyElement? Optional(string name) =>
        Object().TryGetProperty(name, out JsonElement member)
            ? new TopologyElement(file, place.Length == 0 ? name : $"{place}.{name}", member)
            : null;

    /// <summary>The items of a list that is not empty.</summary>
    public IReadOnlyList<TopologyElement> Items()
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0)
        {
            throw Problem("not a list with at least one item");
        }

        return [.. value.EnumerateArray().Select(
            (item, index) => new TopologyElement(file, $"{place}[{index}]", item))];
    }

    /// <summary>A string that is not empty.</summary>
    public string Text() => IsText && value.GetString()! is { Length: > 0 } text
        ? text : throw Problem("not a text");

    /// <summary>A string, or a number as it is written.</summary>
    public string TextOrNumber() =>
        value.ValueKind == JsonValueKind.Number ? value.GetRawText() : Text();

    /// <summary>True or false.</summary>
    public bool Truth() => value.ValueKind is JsonValueKind.True or JsonValueKind.False
        ? value.GetBoolean() : throw Problem("neither true nor false");

    /// <summary>A number in a range.</summary>
    public int Between(int least, int most) =>
        Number() is int number && number >= least && number <= most
            ? number : throw Problem($"not a whole number from {least} to {most}");

    /// <summary>One of some numbers.</summary>
    public int OneOf(params int[] numbers) =>
        Number() is int number && numbers.Contains(number)
            ? number : throw Problem($"none of {string.Join(", ", numbers)}");

    private int? Number() =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number)
            ? number : null;

    private JsonElement Object() =>
        value.ValueKind == JsonValueKind.Object ? value : throw Problem("not an object");
}
