namespace FlashKV.SimBackend.Tests;

/// <summary>Time in which whoever sleeps is woken at once, after an action of the test.</summary>
internal sealed class SkippingTime : TimeProvider
{
    internal List<TimeSpan> Sleeps { get; } = [];

    /// <summary>What happens during a sleep; gets the number of sleeps so far.</summary>
    internal Action<int>? OnSleep { get; set; }

    public override ITimer CreateTimer(
        TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Sleeps.Add(dueTime);
        OnSleep?.Invoke(Sleeps.Count);
        callback(state);
        return new EndedTimer();
    }

    private sealed class EndedTimer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => false;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
