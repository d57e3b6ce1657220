namespace FlashKV.Superpipe;

/// <summary>
/// The batch of one LUN among several that are run together; see
/// <see cref="Lun.Transfer(ReadOnlySpan{LunBatch})"/>.
/// </summary>
/// <param name="Lun">The LUN.</param>
/// <param name="Transfers">Its transfers, unchanged until the call returns.</param>
public readonly record struct LunBatch(Lun Lun, ReadOnlyMemory<BlockTransfer> Transfers);
