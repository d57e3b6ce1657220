using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Driver;

/// <content>Resets (SP §3.5).</content>
internal sealed partial class AdapterDriver
{
    // Who resets may be a thread in a lane, which must not wait for the driver's lock: its holder
    // may be waiting for that very lane. So a reset first takes the windows away, without a lock,
    // and whoever has or gets the lock does the rest.
    private AfuContext[] _liveContexts = [];
    private int _pendingResets;

    /// <summary>How often the adapter has been reset.</summary>
    internal int ResetCount { get; private set; }

    /// <summary>Whether the first command on each LUN after a reset reports it.</summary>
    internal bool ReportsResets { get; init; } = true;

    /// <summary>
    /// Resets the adapter: every context loses its window at once and waits for recovery. Ioctls
    /// that run are waited for, and none waits.
    /// </summary>
    internal void Reset()
    {
        // The order matters. A client that sees all ones finds the reset pending when it asks for
        // recovery; and a context that was recovered meanwhile is not in the list, so that it is
        // never lost without a reset pending.
        AfuContext[] contexts = Volatile.Read(ref _liveContexts);
        Interlocked.Increment(ref _pendingResets);
        Array.ForEach(contexts, context => context.Lose());
        if (Monitor.TryEnter(_lock))
        {
            try
            {
                ApplyPendingReset();
            }
            finally
            {
                Monitor.Exit(_lock);
            }
        }
    }

    /// <summary>Ends the adapter for good: no context can be recovered.</summary>
    internal void Fail()
    {
        _hasFailed = true;
        Reset();
    }

    private void PublishLiveContexts() =>
        Volatile.Write(ref _liveContexts, [.. _contexts.Files.Select(file => file.Afu)]);

    // What a reset leaves for the holder of the lock: contexts go to the error list.
    private void ApplyPendingReset()
    {
        int resets = Interlocked.Exchange(ref _pendingResets, 0);
        if (resets != 0)
        {
            ResetCount += resets;
            TakeAllContexts();
            InitialiseAfu();
            Monitor.PulseAll(_lock);
        }
    }

    // Marks all contexts as in error. Their windows read all ones from here on.
    private void TakeAllContexts()
    {
        foreach (DriverContext context in _contexts.All)
        {
            context.Afu.Lose();
        }

        _contexts.MarkAllInError();
    }

    // The AFU comes up: LUN tables are written anew, and targets report the reset.
    private void InitialiseAfu()
    {
        _lunTable.Rewrite(_localLuns);
        if (ReportsResets)
        {
            foreach (AfuTarget target in _afu.Targets)
            {
                target.RaiseUnitAttention(ScsiSense.ResetOccurred);
            }
        }
    }
}
