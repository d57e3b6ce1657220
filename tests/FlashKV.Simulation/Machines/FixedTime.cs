namespace FlashKV.Simulation.Machines;

/// <summary>The same moment always, so that what is written does not depend on when.</summary>
internal sealed class FixedTime : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch;

    public override long GetTimestamp() => 0;
}
