using FlashKV.Superpipe.Abi;

namespace FlashKV.Superpipe.Commands;

/// <summary>What commands to one LUN have in common.</summary>
/// <param name="Handle">The resource handle.</param>
/// <param name="BlocksPerBlock">The LUN's own blocks in a 4,096-byte block: 1 to 8.</param>
/// <param name="MaxBlocks">The 4,096-byte blocks that one command may cover.</param>
/// <param name="Timeout">The timeout of a command.</param>
/// <param name="TimeoutUnit">Its unit.</param>
internal readonly record struct LunTarget(
    uint Handle, int BlocksPerBlock, int MaxBlocks, ushort Timeout, SislReqFlags TimeoutUnit);
