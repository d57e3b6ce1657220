namespace FlashKV.Superpipe;

/// <summary>A physical LUN: the whole of it, in commands of many blocks.</summary>
public abstract class PhysicalLun : Lun
{
    /// <summary>The blocks that one command covers at most; a longer transfer is split.</summary>
    public abstract int MaxTransferBlocks { get; }
}
