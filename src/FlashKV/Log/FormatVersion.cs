namespace FlashKV.Log;

/// <summary>
/// The version of everything that a store persists. Each version has a paragraph in
/// docs/formats.md, and a store of it in the images of the tests.
/// </summary>
internal static class FormatVersion
{
    /// <summary>The format that this library writes, and the only one that it reads.</summary>
    public const uint Current = 3;
}
