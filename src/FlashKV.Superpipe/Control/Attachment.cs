using System.Diagnostics.CodeAnalysis;
using FlashKV.Superpipe.Abi;

namespace FlashKV.Superpipe.Control;

/// <summary>
/// One LUN of a context, reached through one device node: what ATTACH said of it.
/// </summary>
internal sealed class Attachment
{
    private const int LegacyBlockSize = 512;

    private Attachment(DeviceChannel channel, int ownBlockSize, ulong lastLba, ulong maxXfer)
    {
        Channel = channel;
        BlocksPerBlock = Lun.BlockSize / ownBlockSize;
        BlockCount = ToBlockCount(lastLba);
        MaxBlocks = (int)Math.Clamp(maxXfer / (ulong)BlocksPerBlock, 1, int.MaxValue / 4096);
    }

    /// <summary>The device node that the LUN's calls go through.</summary>
    internal DeviceChannel Channel { get; }

    /// <summary>The LUN's own blocks in one of 4,096 bytes.</summary>
    internal int BlocksPerBlock { get; }

    /// <summary>The size of the physical LUN in 4,096-byte blocks.</summary>
    internal long BlockCount { get; }

    /// <summary>The 4,096-byte blocks that one command on the physical LUN may cover.</summary>
    internal int MaxBlocks { get; }

    /// <summary>Checks what ATTACH answered, since arithmetic is done with it.</summary>
    internal static bool TryCreate(
        DeviceChannel channel,
        in DkCxlflashAttach answer,
        [NotNullWhen(true)] out Attachment? attachment)
    {
        attachment = null;
        ulong blockSize = answer.BlockSize == 0 ? LegacyBlockSize : answer.BlockSize;
        if (blockSize > Lun.BlockSize || Lun.BlockSize % blockSize != 0 || blockSize < 512)
            return false;

        attachment = new(channel, (int)blockSize, answer.LastLba, answer.MaxXfer);
        return true;
    }

    /// <summary>4,096-byte blocks of a LUN whose last own LBA is given.</summary>
    internal long ToBlockCount(ulong lastLba) =>
        (long)Math.Min((lastLba + 1) / (ulong)BlocksPerBlock, LunHandle.MaxBlockCount);
}
