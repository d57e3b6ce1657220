namespace FlashKV.Superpipe;

/// <summary>A LUN that was made by <see cref="SuperpipeHost.CreateLun"/>.</summary>
/// <param name="LunId">The id to delete it by.</param>
/// <param name="Wwid">The 16-byte world-wide id.</param>
public readonly record struct ProvisionedLun(ulong LunId, ReadOnlyMemory<byte> Wwid);
