namespace FlashKV.Log;

/// <summary>
/// The version of everything that a store persists. Each version has a paragraph in
/// docs/formats.md.
/// </summary>
internal static class FormatVersion
{
    /// <summary>The first format.</summary>
    public const uint First = 1;

    /// <summary>The format that this library writes.</summary>
    public const uint Current = First;
}
