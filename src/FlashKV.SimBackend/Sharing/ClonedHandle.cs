namespace FlashKV.SimBackend.Sharing;

/// <summary>A virtual LUN of a context whose driver is in another process.</summary>
/// <param name="Handle">Its resource handle.</param>
/// <param name="Permissions">The fp byte of its entry in the resource handle table.</param>
/// <param name="Entries">Its translations, a chunk each.</param>
internal sealed record ClonedHandle(int Handle, byte Permissions, ulong[] Entries);
