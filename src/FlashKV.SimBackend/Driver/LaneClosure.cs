using FlashKV.SimBackend.Afu;

namespace FlashKV.SimBackend.Driver;

/// <summary>
/// While it lives, no command of a context is being executed, so that its tables may be changed
/// and freed.
/// </summary>
internal readonly ref struct LaneClosure
{
    // A medium that keeps a transfer for longer than this is taken for hung.
    private const long TimeoutMilliseconds = 30_000;

    private readonly AfuContext? _closed;

    internal LaneClosure(AfuContext afu) =>
        _closed = afu.TryCloseLanes(TimeoutMilliseconds) ? afu : null;

    /// <summary>Whether the lanes are closed; if not, nothing may be changed.</summary>
    internal bool IsClosed => _closed is not null;

    public void Dispose() => _closed?.OpenLanes();
}
