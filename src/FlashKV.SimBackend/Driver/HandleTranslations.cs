namespace FlashKV.SimBackend.Driver;

/// <summary>A part of what stands in the tables of a context for one resource handle.</summary>
/// <param name="Handle">The handle; -1 if there is none.</param>
/// <param name="Permissions">The fp byte of its entry.</param>
/// <param name="ChunkCount">All its chunks.</param>
/// <param name="ReadCount">The translations that were read.</param>
internal readonly record struct HandleTranslations(
    int Handle, byte Permissions, int ChunkCount, int ReadCount)
{
    /// <summary>There is no such handle.</summary>
    internal static readonly HandleTranslations None = new(-1, 0, 0, 0);
}
