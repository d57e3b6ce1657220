namespace FlashKV.Tests.Clones;

/// <summary>The system's time, but that timers fire when they are told to.</summary>
internal sealed class FiringTime : TimeProvider
{
    private readonly List<HandTimer> _timers = [];

    /// <summary>Fires the timers that were set for so long and are still there.</summary>
    internal void Fire(TimeSpan dueTime)
    {
        HandTimer[] due;
        lock (_timers)
        {
            due = [.. _timers.Where(timer => timer.DueTime == dueTime)];
        }

        Array.ForEach(due, static timer => timer.Fire());
    }

    public override ITimer CreateTimer(
        TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        HandTimer timer = new(() => callback(state), dueTime);
        lock (_timers)
        {
            _timers.Add(timer);
        }

        return timer;
    }

    private sealed class HandTimer(Action fire, TimeSpan dueTime) : ITimer
    {
        private bool _isDisposed;

        internal TimeSpan DueTime => dueTime;

        internal void Fire()
        {
            if (!_isDisposed)
            {
                fire();
            }
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose() => _isDisposed = true;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
