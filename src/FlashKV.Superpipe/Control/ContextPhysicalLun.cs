namespace FlashKV.Superpipe.Control;

/// <summary>A physical LUN open in a context.</summary>
internal sealed class ContextPhysicalLun(LunHandle handle) : PhysicalLun
{
    public override long BlockCount => handle.BlockCount;

    public override int MaxTransferBlocks => handle.Target.MaxBlocks;

    internal LunHandle Handle => handle;

    public override void Transfer(ReadOnlySpan<BlockTransfer> batch) => handle.Transfer(batch);

    public override bool TryTransfer(ReadOnlySpan<BlockTransfer> batch) =>
        handle.TryTransfer(batch);

    protected override void Dispose(bool disposing)
    {
        handle.Dispose();
        base.Dispose(disposing);
    }
}
