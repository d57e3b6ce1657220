using System.Diagnostics;

namespace FlashKV.Superpipe.Recovery;

/// <summary>
/// Time and delays of a context, so that tests of time-outs and delayed retries need no wall clock.
/// </summary>
internal abstract class DeviceClock
{
    /// <summary>The machine's monotonic clock.</summary>
    internal static DeviceClock System { get; } = new StopwatchClock();

    /// <summary>The time since some fixed moment.</summary>
    internal abstract TimeSpan Now { get; }

    /// <summary>Blocks the thread; it holds no lock and is registered in no gate.</summary>
    internal abstract void Delay(TimeSpan delay);

    private sealed class StopwatchClock : DeviceClock
    {
        internal override TimeSpan Now => Stopwatch.GetElapsedTime(0);

        internal override void Delay(TimeSpan delay)
        {
            // Nobody pulses an object of one's own, so this is a wait for its time-out.
            object never = new();
            lock (never)
                Monitor.Wait(never, delay);
        }
    }
}
