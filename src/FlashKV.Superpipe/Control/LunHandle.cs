using System.Diagnostics.CodeAnalysis;
using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Commands;

namespace FlashKV.Superpipe.Control;

/// <summary>
/// A resource handle of a context, and all that virtual and physical LUNs have in common.
/// </summary>
internal sealed class LunHandle
{
    /// <summary>No LUN is larger, whatever a device says: its bytes can be counted.</summary>
    internal const ulong MaxBlockCount = long.MaxValue / Lun.BlockSize;

    private const nint BufferAlignment = SislIoarcb.DataAlignment;

    private long _blockCount;
    private int _isDisposed;

    internal LunHandle(
        SuperpipeContext context, Attachment attachment, in LunTarget target, bool isVirtual)
    {
        Context = context;
        Attachment = attachment;
        Target = target;
        IsVirtual = isVirtual;
    }

    internal SuperpipeContext Context { get; }

    internal Attachment Attachment { get; }

    internal LunTarget Target { get; }

    /// <summary>Whether sizes that the driver states are in 4,096-byte blocks.</summary>
    internal bool IsVirtual { get; }

    internal uint Handle => Target.Handle;

    /// <summary>The size in 4,096-byte blocks.</summary>
    internal long BlockCount => Volatile.Read(ref _blockCount);

    internal bool IsDisposed => Volatile.Read(ref _isDisposed) != 0;

    /// <summary>Takes over the last LBA that the driver states.</summary>
    internal void SetLastLba(ulong lastLba) => Volatile.Write(
        ref _blockCount,
        IsVirtual
            ? (long)Math.Min(lastLba + 1, MaxBlockCount)
            : Attachment.ToBlockCount(lastLba));

    internal void Transfer(ReadOnlySpan<BlockTransfer> batch)
    {
        Check(batch);
        if (!batch.IsEmpty)
            Context.Transfer(this, batch, 0);
    }

    internal SteppedBatch? Begin(ReadOnlyMemory<BlockTransfer> batch)
    {
        Check(batch.Span);
        return batch.IsEmpty ? null : Context.Begin(this, batch);
    }

    internal bool TryBegin(
        ReadOnlyMemory<BlockTransfer> batch, [NotNullWhen(true)] out PendingTransfer? pending)
    {
        Check(batch.Span);
        long commands = TransferCursor.CountCommands(batch.Span, Target.MaxBlocks);
        SteppedBatch? begun = null;
        bool hasBegun = commands == 0 || (commands <= Context.CommandBlocks / 2
            && Context.TryBegin(this, batch, (int)commands, out begun));
        pending = hasBegun ? new PendingTransfer(begun) : null;
        return hasBegun;
    }

    internal bool TryTransfer(ReadOnlySpan<BlockTransfer> batch)
    {
        Check(batch);
        long commands = TransferCursor.CountCommands(batch, Target.MaxBlocks);
        return commands == 0
            || (commands <= Context.CommandBlocks
                && Context.Transfer(this, batch, (int)commands));
    }

    internal ValueTask TransferAsync(
        ReadOnlyMemory<BlockTransfer> batch, CancellationToken cancellation)
    {
        Check(batch.Span);
        if (cancellation.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellation);
        return batch.IsEmpty ? default : Context.TransferAsync(this, batch, cancellation);
    }

    internal ValueTask TransferAsync(in BlockTransfer transfer, CancellationToken cancellation)
    {
        Check(new ReadOnlySpan<BlockTransfer>(in transfer));
        return cancellation.IsCancellationRequested
            ? ValueTask.FromCanceled(cancellation)
            : Context.TransferAsync(this, in transfer, cancellation);
    }

    internal bool TryTransferAsync(
        ReadOnlyMemory<BlockTransfer> batch,
        out ValueTask completion,
        CancellationToken cancellation)
    {
        Check(batch.Span);
        completion = cancellation.IsCancellationRequested
            ? ValueTask.FromCanceled(cancellation)
            : default;
        if (batch.IsEmpty || cancellation.IsCancellationRequested)
            return true;

        long commands = TransferCursor.CountCommands(batch.Span, Target.MaxBlocks);
        return commands <= Context.CommandBlocks && Context.TryTransferAsync(
            this, batch, (int)commands, cancellation, out completion);
    }

    internal void Dispose()
    {
        if (MarkDisposed())
            Context.Release(this);
    }

    /// <summary>Marks the LUN as closed.</summary>
    /// <returns><see langword="false"/> when it was closed already.</returns>
    internal bool MarkDisposed() => Interlocked.Exchange(ref _isDisposed, 1) == 0;

    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(IsDisposed, typeof(Lun));

    private void Check(ReadOnlySpan<BlockTransfer> batch)
    {
        ThrowIfDisposed();
        long blockCount = BlockCount;
        foreach (ref readonly BlockTransfer transfer in batch)
        {
            if (transfer.BlockCount < 1
                || transfer.Lba < 0
                || transfer.Lba > blockCount - transfer.BlockCount)
                ThrowRange(transfer, blockCount, nameof(batch));
            if ((uint)transfer.Operation > (uint)BlockOperation.Unmap)
                ThrowMalformed("A transfer has an unknown operation.", nameof(batch));
            if (transfer.Operation != BlockOperation.Unmap
                && (transfer.Buffer == 0 || transfer.Buffer % BufferAlignment != 0))
                ThrowMalformed("A buffer is null or not aligned to 16 bytes.", nameof(batch));
            if (!IsAllowed(transfer.Operation))
                ThrowAccess();
        }

        static void ThrowAccess() =>
            throw new InvalidOperationException("The context was not attached for this access.");
    }

    private bool IsAllowed(BlockOperation operation) => Context.Access
        != (operation == BlockOperation.Read ? DeviceAccess.Write : DeviceAccess.Read);

    private static void ThrowRange(
        in BlockTransfer transfer, long blockCount, string parameter) =>
        throw new ArgumentOutOfRangeException(
            parameter,
            $"{transfer.BlockCount} blocks at {transfer.Lba} are not within {blockCount} blocks.");

    private static void ThrowMalformed(string message, string parameter) =>
        throw new ArgumentException(message, parameter);
}
