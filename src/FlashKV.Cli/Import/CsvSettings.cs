namespace FlashKV.Cli.Import;

/// <summary>How a CSV input is to be read.</summary>
internal sealed record CsvSettings
{
    /// <summary>The byte between fields; neither a quote nor a line end.</summary>
    public byte Delimiter { get; init; } = (byte)',';

    /// <summary>Whether the first row names the columns.</summary>
    public bool HasHeader { get; init; } = true;

    /// <summary>The key's column by name or by its number from 1; null if it is not said.</summary>
    public string? KeyColumn { get; init; }

    /// <summary>What becomes the value.</summary>
    public CsvValue Value { get; init; }

    /// <summary>The value's column, for <see cref="CsvValue.Column"/>.</summary>
    public string? ValueColumn { get; init; }
}
