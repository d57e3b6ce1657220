namespace FlashKV.Cli.Import;

/// <summary>How an import goes about its work.</summary>
internal sealed record ImportSettings
{
    /// <summary>Pass over bad records with a message instead of stopping at the first.</summary>
    public bool SkipBad { get; init; }

    /// <summary>Acknowledge each time so many records more are safe; null: never.</summary>
    public int? AcknowledgeEvery { get; init; }

    /// <summary>Do not wait until the records are on stable storage.</summary>
    public bool Buffered { get; init; }
}
