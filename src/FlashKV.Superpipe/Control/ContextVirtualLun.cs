using System.Diagnostics.CodeAnalysis;
using FlashKV.Superpipe.Commands;

namespace FlashKV.Superpipe.Control;

/// <summary>A virtual LUN open in a context.</summary>
internal sealed class ContextVirtualLun(LunHandle handle) : VirtualLun
{
    public override long BlockCount => handle.BlockCount;

    internal LunHandle Handle => handle;

    public override void Transfer(ReadOnlySpan<BlockTransfer> batch) => handle.Transfer(batch);

    internal override SteppedBatch? Begin(ReadOnlyMemory<BlockTransfer> batch) =>
        handle.Begin(batch);

    public override bool TryBeginTransfer(
        ReadOnlyMemory<BlockTransfer> batch, [NotNullWhen(true)] out PendingTransfer? pending) =>
        handle.TryBegin(batch, out pending);

    public override bool TryTransfer(ReadOnlySpan<BlockTransfer> batch) =>
        handle.TryTransfer(batch);

    public override ValueTask TransferAsync(
        ReadOnlyMemory<BlockTransfer> batch, CancellationToken cancellationToken = default) =>
        handle.TransferAsync(batch, cancellationToken);

    public override ValueTask TransferAsync(
        BlockTransfer transfer, CancellationToken cancellationToken = default) =>
        handle.TransferAsync(in transfer, cancellationToken);

    public override bool TryTransferAsync(
        ReadOnlyMemory<BlockTransfer> batch,
        out ValueTask completion,
        CancellationToken cancellationToken = default) =>
        handle.TryTransferAsync(batch, out completion, cancellationToken);

    public override long Resize(long blocks)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(blocks);
        handle.ThrowIfDisposed();
        handle.Context.Resize(handle, blocks);
        return handle.BlockCount;
    }

    protected override void Dispose(bool disposing)
    {
        handle.Dispose();
        base.Dispose(disposing);
    }
}
