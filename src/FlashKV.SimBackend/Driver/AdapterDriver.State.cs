using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Driver;

/// <content>The states of the adapter, who waits for them and who changes them (SP §3.5).</content>
internal sealed partial class AdapterDriver
{
    private readonly DriverFaultPlan _faults = new();
    private bool _isResetting;
    private int _blockedCallers;
    private volatile bool _hasFailed;

    /// <summary>The present state.</summary>
    internal AdapterState State => _hasFailed ? AdapterState.Failed
        : _isResetting ? AdapterState.Reset
        : AdapterState.Normal;

    /// <summary>The known defects of the original that this driver has.</summary>
    internal OriginalDefects Defects { get; init; }

    /// <summary>Where time comes from; the driver sleeps by it.</summary>
    internal TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The mode of the AFU's internal LUN; 0 when there is none.</summary>
    internal int InternalLunMode { get; set; }

    /// <summary>Makes a step of the driver fail.</summary>
    internal void InjectFault(DriverFault fault, int times = 1)
    {
        lock (_lock)
        {
            _faults.Add(fault, times);
        }
    }

    /// <summary>Waits until a number of ioctls wait for the end of a reset.</summary>
    internal void WaitForBlockedCallers(int count)
    {
        lock (_lock)
        {
            while (_blockedCallers < count)
            {
                Monitor.Wait(_lock);
            }
        }
    }

    /// <summary>
    /// Begins a reset that lasts: contexts are lost, and ioctls wait for its end.
    /// </summary>
    internal void BeginReset()
    {
        lock (_lock)
        {
            _isResetting = true;
            Reset();
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Ends a reset.</summary>
    /// <param name="works">Whether the AFU came up; if not, the adapter is gone for good.</param>
    internal void EndReset(bool works = true)
    {
        lock (_lock)
        {
            _isResetting = false;
            _hasFailed |= !works;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>EEH: the bridge has frozen the slot.</summary>
    internal EehResult EehFrozen()
    {
        lock (_lock)
        {
            while (State == AdapterState.Reset)
            {
                WaitForState();
            }

            if (State == AdapterState.Failed)
            {
                return EehResult.Disconnect;
            }

            BeginReset();
            return EehResult.NeedReset;
        }
    }

    /// <summary>EEH: the slot has been reset.</summary>
    /// <param name="works">Whether the AFU comes up.</param>
    internal EehResult EehSlotReset(bool works = true)
    {
        lock (_lock)
        {
            if (works)
            {
                InitialiseAfu();
            }

            return works ? EehResult.Recovered : EehResult.Disconnect;
        }
    }

    /// <summary>EEH: traffic may flow again.</summary>
    internal void EehResume() => EndReset();

    /// <summary>EEH: the slot is dead.</summary>
    internal void EehPermanentFailure()
    {
        Fail();
        EndReset(works: false);
    }

    /// <summary>
    /// Resets the card itself (PERST), which loads the AFU's image again; then as after EEH.
    /// </summary>
    internal EehResult Perst()
    {
        EehResult result = EehFrozen();
        if (result == EehResult.NeedReset)
        {
            result = EehSlotReset();
            EehResume();
        }

        return result;
    }

    /// <summary>
    /// Takes the driver away (stop-term): no context can be recovered, and the method returns when
    /// the last one has been given up.
    /// </summary>
    internal void Remove()
    {
        lock (_lock)
        {
            Fail();
            do
            {
                Monitor.PulseAll(_lock);
                Sleep(TimeSpan.FromSeconds(1));
            }
            while (_contexts.Count != 0);
        }
    }

    private bool Has(OriginalDefects defect) => (Defects & defect) != 0;

    // Waits through a reset (SP §2.4).
    private Errno CheckState(HostProcess process)
    {
        while (State == AdapterState.Reset)
        {
            _blockedCallers++;
            Monitor.PulseAll(_lock);
            WaitForState();
            _blockedCallers--;
            if (process.TakeInterruptUnsynchronized())
            {
                return Errno.Interrupted;
            }
        }

        return State == AdapterState.Failed ? Errno.NoDevice : Errno.None;
    }

    // A change of state wakes all, except one from inside a lane, which cannot have the lock.
    private void WaitForState()
    {
        const int LookAgainMilliseconds = 100;
        Monitor.Wait(_lock, LookAgainMilliseconds);
        ApplyPendingReset();
    }

    // Lets others have the lock for a time.
    private void Sleep(TimeSpan duration)
    {
        bool isOver = false;
        using ITimer timer = Time.CreateTimer(
            _ =>
            {
                lock (_lock)
                {
                    isOver = true;
                    Monitor.PulseAll(_lock);
                }
            },
            null,
            duration,
            Timeout.InfiniteTimeSpan);
        while (!isOver)
        {
            Monitor.Wait(_lock);
        }
    }
}
