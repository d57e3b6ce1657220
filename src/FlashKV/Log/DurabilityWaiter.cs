using System.Threading.Tasks.Sources;
using Microsoft.Extensions.ObjectPool;

namespace FlashKV.Log;

/// <summary>One asynchronous writer that waits for stable storage; pooled.</summary>
internal sealed class DurabilityWaiter(ObjectPool<DurabilityWaiter> pool) : IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _core = new()
    {
        RunContinuationsAsynchronously = true,
    };

    public ulong Sequence { get; private set; }

    public CancellationToken Cancellation { get; private set; }

    public CancellationTokenRegistration Registration { get; set; }

    public ValueTask Begin(ulong sequence, CancellationToken cancellation)
    {
        Sequence = sequence;
        Cancellation = cancellation;
        return new ValueTask(this, _core.Version);
    }

    /// <summary>Ends the wait; called once, by whoever took the waiter off the list.</summary>
    public void End(Exception? failure)
    {
        if (failure is null)
        {
            _core.SetResult(true);
        }
        else
        {
            _core.SetException(failure);
        }
    }

    public void GetResult(short token)
    {
        try
        {
            _core.GetResult(token);
        }
        finally
        {
            Registration.Dispose();
            Registration = default;
            _core.Reset();
            pool.Return(this);
        }
    }

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(
        Action<object?> continuation,
        object? state,
        short token,
        ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
