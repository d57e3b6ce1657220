using FlashKV.Superpipe.Recovery;

namespace FlashKV.Superpipe.Tests.Doubles;

/// <summary>
/// A clock that delays move at once, and that advances by <paramref name="tick"/> at each look.
/// </summary>
internal sealed class ManualClock(TimeSpan tick = default) : DeviceClock
{
    private long _now = TimeSpan.TicksPerDay;
    private int _delays;

    internal int Delays => _delays;

    internal override TimeSpan Now =>
        TimeSpan.FromTicks(Interlocked.Add(ref _now, tick.Ticks));

    internal TimeSpan Delayed { get; private set; }

    internal override void Delay(TimeSpan delay)
    {
        Interlocked.Increment(ref _delays);
        Interlocked.Add(ref _now, delay.Ticks);
        Delayed += delay;
        Thread.Yield();
    }
}
