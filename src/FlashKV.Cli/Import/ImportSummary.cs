namespace FlashKV.Cli.Import;

/// <summary>What an import did.</summary>
/// <param name="Imported">Records written.</param>
/// <param name="Skipped">Bad records passed over.</param>
/// <param name="Overwrote">Records written over one with the same key.</param>
/// <param name="Bytes">Bytes of keys and values written.</param>
/// <param name="Stopped">Whether a signal ended it before the end of the input.</param>
internal sealed record ImportSummary(
    long Imported, long Skipped, long Overwrote, long Bytes, bool Stopped);
