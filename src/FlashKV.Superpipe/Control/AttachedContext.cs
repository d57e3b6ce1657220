using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Commands;
using FlashKV.Superpipe.Diagnostics;
using FlashKV.Superpipe.Recovery;

namespace FlashKV.Superpipe.Control;

/// <summary>
/// A context on one kind of register window. The data path is in <see cref="Queue"/>, guarded by
/// <see cref="Gate"/>; calls of the driver are serialised by a lock. Lock before gate: whoever
/// closes the gate to change the window takes the lock first, and nobody enters the gate or waits
/// for it while holding the lock.
/// </summary>
internal sealed partial class AttachedContext<TRegisters> : SuperpipeContext
    where TRegisters : struct, IRegisterWindow
{
    /// <summary>The last register that the client uses ends here.</summary>
    private const ulong MinMmioSize = SislHostMap.SqCtxReset + 8;

    private readonly Lock _control = new();
    private readonly DeviceChannel<TRegisters> _channel;
    private readonly IControlTransport<TRegisters> _transport;
    private readonly List<Attachment> _attachments = [];
    private readonly List<LunHandle> _luns = [];
    private readonly bool _scrubs;
    private readonly int _inlineRounds;
    private readonly ushort _timeout;
    private readonly SislReqFlags _timeoutUnit;
    private AsyncTransfers<TRegisters>? _asyncTransfers;
    private TRegisters _window;
    private ulong _id;
    private int _descriptor;
    private bool _closesDescriptor;

    private AttachedContext(DeviceChannel<TRegisters> channel, AttachOptions options, bool usesRing)
        : base(options)
    {
        _channel = channel;
        _transport = channel.Transport;
        Clock = options.Clock;
        RetryDelay = options.RetryDelay;
        ResponseTimeout = options.ResponseTimeout;
        _inlineRounds = options.InlineRounds;
        _scrubs = options.ScrubFreedChunks;
        (_timeout, _timeoutUnit) = options.EncodedTimeout;
        Queue = new CommandQueue<TRegisters>(
            CommandBlocks, usesRing, new ContextCounters(channel.Path));
    }

    public override ulong Id
    {
        get
        {
            lock (_control)
                return _id;
        }
    }

    public override int Descriptor
    {
        get
        {
            lock (_control)
                return _descriptor;
        }
    }

    public override int FreeRooms => Queue.FreeCount;

    public override bool UsesSubmissionQueue => Queue.UsesSubmissionQueue;

    public override bool CanUnmap => Queue.CanUnmap;

    public override long LastLba => First.BlockCount - 1;

    internal CommandQueue<TRegisters> Queue { get; }

    internal ContextGate Gate { get; } = new();

    /// <summary>The LUN that the context was attached to, or the oldest that is left.</summary>
    private Attachment First
    {
        get
        {
            lock (_control)
                return _attachments[0];
        }
    }

    /// <summary>Made when the first asynchronous batch begins.</summary>
    internal AsyncTransfers<TRegisters> AsyncTransfers =>
        Volatile.Read(ref _asyncTransfers) ?? MakeAsyncTransfers();

    internal DeviceClock Clock { get; }

    internal TimeSpan RetryDelay { get; }

    internal TimeSpan ResponseTimeout { get; }

    public override ContextStatistics GetStatistics() => Queue.Counters.Snapshot();

    public override long CountRetries(RetryReason reason)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            (uint)reason, (uint)RetryReason.OtherAfuError);
        return Queue.Counters.CountRetries(reason);
    }

    internal override bool Transfer(LunHandle lun, ReadOnlySpan<BlockTransfer> batch, int commands)
    {
        ObjectDisposedException.ThrowIf(_isClosing, this);
        SuperpipeMetrics.CountBlocks(_channel.Path, batch);
        return BatchRunner<TRegisters>.Run(this, lun, batch, commands);
    }

    internal override SteppedBatch Begin(LunHandle lun, ReadOnlyMemory<BlockTransfer> batch)
    {
        ObjectDisposedException.ThrowIf(_isClosing, this);
        SuperpipeMetrics.CountBlocks(_channel.Path, batch.Span);
        return AsyncTransfers.Begin(lun, batch);
    }

    // Half of the blocks stay free for those who carry their batches on.
    internal override bool TryBegin(
        LunHandle lun,
        ReadOnlyMemory<BlockTransfer> batch,
        int commands,
        out SteppedBatch? begun)
    {
        ObjectDisposedException.ThrowIf(_isClosing, this);
        begun = null;
        if (Queue.FreeCount - commands < CommandBlocks / 2
            || !AsyncTransfers.TryBegin(lun, batch, commands, out begun))
            return false;

        SuperpipeMetrics.CountBlocks(_channel.Path, batch.Span);
        return true;
    }

    internal override ValueTask TransferAsync(
        LunHandle lun, ReadOnlyMemory<BlockTransfer> batch, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_isClosing, this);
        SuperpipeMetrics.CountBlocks(_channel.Path, batch.Span);
        return AsyncTransfers.Start(lun, batch, cancellation);
    }

    internal override ValueTask TransferAsync(
        LunHandle lun, in BlockTransfer transfer, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_isClosing, this);
        SuperpipeMetrics.CountBlocks(_channel.Path, new(in transfer));
        return AsyncTransfers.Start(lun, in transfer, cancellation);
    }

    internal override bool TryTransferAsync(
        LunHandle lun,
        ReadOnlyMemory<BlockTransfer> batch,
        int commands,
        CancellationToken cancellation,
        out ValueTask completion)
    {
        ObjectDisposedException.ThrowIf(_isClosing, this);
        if (!AsyncTransfers.TryStart(lun, batch, commands, cancellation, out completion))
            return false;

        SuperpipeMetrics.CountBlocks(_channel.Path, batch.Span);
        return true;
    }

    /// <summary>Makes a context: ATTACH, mapping, rings, registers.</summary>
    internal static AttachedContext<TRegisters> Create(
        DeviceChannel<TRegisters> channel, AttachOptions options)
    {
        DkCxlflashAttach answer = default;
        answer.Hdr.Flags = (ulong)options.Access;
        answer.NumInterrupts = (ulong)options.Interrupts;
        Errno errno = channel.Ioctl(IoctlRequest.Attach, ref answer);
        if (errno != Errno.None)
            throw new DeviceException("ATTACH", errno);

        bool usesRing = answer.Hdr.ReturnFlags.HasFlag(DkCxlflashReturnFlags.ContextSqCmdMode);
        AttachedContext<TRegisters> context = new(channel, options, usesRing);
        errno = context.Start(answer);
        if (errno != Errno.None)
            throw new DeviceException("ATTACH", errno);
        SuperpipeMetrics.Register(context.Queue.Counters);
        return context;
    }

    private AsyncTransfers<TRegisters> MakeAsyncTransfers()
    {
        AsyncTransfers<TRegisters> made = new(this, _inlineRounds);
        return Interlocked.CompareExchange(ref _asyncTransfers, made, null) ?? made;
    }

    private Errno Start(in DkCxlflashAttach answer)
    {
        _id = answer.ContextId;
        _descriptor = (int)answer.AdapFd;
        _closesDescriptor =
            answer.Hdr.ReturnFlags.HasFlag(DkCxlflashReturnFlags.AppCloseAdapFd);

        Errno errno = Errno.InputOutput;
        if (Attachment.TryCreate(_channel, answer, out Attachment? attachment))
            errno = Map(_descriptor, answer.MmioSize, out _window);
        _isMapped = errno == Errno.None;
        if (errno != Errno.None)
        {
            _ = DetachFrom(_channel);
            CloseDescriptor();
            Queue.Memory.Dispose();
            return errno;
        }

        _attachments.Add(attachment!);
        if (!Queue.Connect(_window, new ContextId(_id).Handle))
            Restore(RestoreReason.Lost, Queue.Generation);
        return Gate.IsOpen ? Errno.None : EndErrno;
    }

    private Errno Map(int descriptor, ulong length, out TRegisters window)
    {
        window = default;
        return length is < MinMmioSize or > int.MaxValue
            ? Errno.InputOutput
            : _transport.Map(descriptor, (long)length, out window);
    }
}
