using System.Threading.Tasks.Sources;
using FlashKV.Superpipe.Control;

namespace FlashKV.Superpipe.Commands;

/// <summary>
/// An asynchronous batch: its runner, and the promise that its caller awaits. Pooled, and used
/// again once the caller has taken the result; one thread at a time is at work on it.
/// </summary>
internal sealed unsafe class AsyncTransfer<TRegisters> : SteppedBatch, IValueTaskSource
    where TRegisters : struct, IRegisterWindow
{
    // The batch lies alone on its cache line: harvesters of other threads write to it.
    private const int PinnedLength = 12;
    private const int PinnedIndex = 4;

    private readonly AsyncTransfers<TRegisters> _owner;
    private readonly CommandBatch[] _pinned =
        GC.AllocateArray<CommandBatch>(PinnedLength, pinned: true);

    private ManualResetValueTaskSourceCore<bool> _promise = new()
    {
        // A continuation must not run where all other batches wait for their turn.
        RunContinuationsAsynchronously = true,
    };

    private BatchRunner<TRegisters> _runner;
    private ReadOnlyMemory<BlockTransfer> _transfers;
    private BlockTransfer _single;
    private CancellationToken _cancellation;
    private Exception? _fault;
    private bool _isCancelled;

    internal AsyncTransfer(AsyncTransfers<TRegisters> owner, int slot)
    {
        _owner = owner;
        Slot = slot;
    }

    /// <summary>The place in the pool; -1 if it has none.</summary>
    internal int Slot { get; }

    /// <summary>The next in the list or stack that the batch is in.</summary>
    internal AsyncTransfer<TRegisters>? Next { get; set; }

    /// <summary>Whether nothing is left to send and every command has ended.</summary>
    internal override bool IsDone => _fault is not null || _runner.IsDone;

    /// <summary>Whether the batch waits for nothing but the delays of its commands.</summary>
    internal override bool IsAsleep => _runner.IsAsleep && !_cancellation.IsCancellationRequested;

    /// <summary>What the caller awaits.</summary>
    internal ValueTask Task => new(this, _promise.Version);

    private ReadOnlySpan<BlockTransfer> Transfers =>
        _transfers.IsEmpty ? new ReadOnlySpan<BlockTransfer>(in _single) : _transfers.Span;

    internal void Begin(
        LunHandle lun, ReadOnlyMemory<BlockTransfer> transfers, CancellationToken cancellation)
    {
        _transfers = transfers;
        Begin(lun, transfers.Length, cancellation);
    }

    internal void Begin(LunHandle lun, in BlockTransfer single, CancellationToken cancellation)
    {
        _single = single;
        Begin(lun, 1, cancellation);
    }

    /// <summary>See <see cref="BatchRunner{TRegisters}.TryReserve"/>.</summary>
    internal bool TryReserve(int commands) => _runner.TryReserve(commands);

    /// <summary>See <see cref="BatchRunner{TRegisters}.StepInline"/>.</summary>
    internal override bool StepInline()
    {
        try
        {
            return _runner.StepInline(Transfers);
        }
        catch (Exception exception)
        {
            GiveUp(exception);
            return true;
        }
    }

    /// <summary>See <see cref="BatchRunner{TRegisters}.Step"/>.</summary>
    internal override bool Step()
    {
        try
        {
            if (!_isCancelled && _cancellation.IsCancellationRequested)
            {
                _isCancelled = true;
                _runner.Cancel();
            }

            return _runner.Step(Transfers);
        }
        catch (Exception exception)
        {
            GiveUp(exception);
            return true;
        }
    }

    internal override void Doze() => _owner.Doze();

    internal override Exception? End()
    {
        Exception? failure = GetOutcome();
        _owner.Return(this);
        return failure;
    }

    /// <summary>How the batch ended: <see langword="null"/> is well.</summary>
    internal Exception? GetOutcome()
    {
        Exception? failure = _fault ?? _runner.Failure;
        return failure is null && _isCancelled
            ? new OperationCanceledException(_cancellation)
            : failure;
    }

    /// <summary>
    /// Keeps the promise. The caller may take the result and use the object again at once.
    /// </summary>
    internal void Complete()
    {
        Exception? failure = GetOutcome();
        if (failure is null)
            _promise.SetResult(true);
        else
            _promise.SetException(failure);
    }

    /// <summary>Forgets the batch, which has ended or has not begun.</summary>
    internal void Clear()
    {
        _runner = default;
        _transfers = default;
        _cancellation = default;
        _fault = null;
        _isCancelled = false;
    }

    public ValueTaskSourceStatus GetStatus(short token) => _promise.GetStatus(token);

    public void OnCompleted(
        Action<object?> continuation,
        object? state,
        short token,
        ValueTaskSourceOnCompletedFlags flags) =>
        _promise.OnCompleted(continuation, state, token, flags);

    public void GetResult(short token)
    {
        // Asked for too early, the object must not go back to the pool: the AFU is at work for it.
        if (_promise.GetStatus(token) == ValueTaskSourceStatus.Pending)
            throw new InvalidOperationException("The transfer has not ended.");
        try
        {
            _promise.GetResult(token);
        }
        finally
        {
            _promise.Reset();
            _owner.Return(this);
        }
    }

    private void Begin(LunHandle lun, int count, CancellationToken cancellation)
    {
        _cancellation = cancellation;
        ref CommandBatch batch = ref _pinned[PinnedIndex];
        batch = CommandBatch.Empty;

        // SAFETY: the array is on the pinned heap and lives as long as this object, which the list
        // of its owner holds until the batch has ended.
        fixed (CommandBatch* pointer = &batch)
            _runner = new BatchRunner<TRegisters>(_owner.Context, lun, count, pointer);
    }

    // The window or the driver threw in the middle of things: see BatchRunner.RunToEnd.
    private void GiveUp(Exception exception)
    {
        _runner.GiveUp();
        _fault = exception;
    }
}
