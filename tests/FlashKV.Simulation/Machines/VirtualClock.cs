using FlashKV.Superpipe.Recovery;

namespace FlashKV.Simulation.Machines;

/// <summary>A clock that moves when it is looked at, and whose delays take no time.</summary>
internal sealed class VirtualClock : DeviceClock
{
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(20);

    private TimeSpan _now;

    internal override TimeSpan Now => _now += s_step;

    internal override void Delay(TimeSpan delay) => _now += delay;
}
