using Microsoft.Extensions.ObjectPool;

namespace FlashKV.Log;

/// <summary>The asynchronous writers of a shard that wait for stable storage.</summary>
internal sealed class DurabilityWaiters
{
    private readonly ObjectPool<DurabilityWaiter> _pool;
    private readonly Lock _lock = new();
    private readonly List<DurabilityWaiter> _waiting = [];
    private readonly List<DurabilityWaiter> _ended = [];
    private int _count;

    public DurabilityWaiters() => _pool = new DefaultObjectPool<DurabilityWaiter>(new Policy(this));

    public ValueTask Add(ulong sequence, CancellationToken cancellation)
    {
        DurabilityWaiter waiter = _pool.Get();
        ValueTask task = waiter.Begin(sequence, cancellation);
        lock (_lock)
        {
            _waiting.Add(waiter);
            Volatile.Write(ref _count, _waiting.Count);
            if (cancellation.CanBeCanceled)
            {
                waiter.Registration = cancellation.UnsafeRegister(
                    static (state, _) => ((Cancellation)state!).Run(),
                    new Cancellation(this, waiter));
            }
        }

        return task;
    }

    /// <summary>
    /// Ends the waits up to a durable sequence number; all of them if the store has failed.
    /// </summary>
    public void Complete(ulong durableSequence, Exception? fault)
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _count) == 0)
        {
            return;
        }

        lock (_lock)
        {
            for (int i = _waiting.Count - 1; i >= 0; i--)
            {
                if (_waiting[i].Sequence <= durableSequence || fault is not null)
                {
                    _ended.Add(_waiting[i]);
                    _waiting[i] = _waiting[^1];
                    _waiting.RemoveAt(_waiting.Count - 1);
                }
            }

            Volatile.Write(ref _count, _waiting.Count);
            foreach (DurabilityWaiter waiter in _ended)
            {
                bool isDurable = waiter.Sequence <= durableSequence;
                waiter.End(isDurable ? null : new StoreFaultedException(fault!));
            }

            _ended.Clear();
        }
    }

    private void Cancel(DurabilityWaiter waiter)
    {
        lock (_lock)
        {
            if (!_waiting.Remove(waiter))
            {
                return;
            }

            Volatile.Write(ref _count, _waiting.Count);
        }

        waiter.End(new OperationCanceledException(waiter.Cancellation));
    }

    private sealed class Policy(DurabilityWaiters owner) : PooledObjectPolicy<DurabilityWaiter>
    {
        public override DurabilityWaiter Create() => new(owner._pool);

        public override bool Return(DurabilityWaiter obj) => true;
    }

    private sealed class Cancellation(DurabilityWaiters owner, DurabilityWaiter waiter)
    {
        public void Run() => owner.Cancel(waiter);
    }
}
