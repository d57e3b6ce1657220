using System.Diagnostics;
using FlashKV.Superpipe.Recovery;

namespace FlashKV.Superpipe.Diagnostics;

/// <summary>
/// The activity "superpipe.restore" of the source "FlashKV.Superpipe": one recovery or context
/// reset, from the moment that nobody uses the context to the one that everybody may again.
/// </summary>
internal readonly struct RestoreActivity : IDisposable
{
    internal const string SourceName = "FlashKV.Superpipe";
    internal const string Name = "superpipe.restore";

    private static readonly ActivitySource s_source = new(SourceName);

    private readonly Activity? _activity;

    private RestoreActivity(Activity? activity) => _activity = activity;

    /// <summary>Begins; costs nothing when nobody listens.</summary>
    internal static RestoreActivity Begin(string device, RestoreReason reason)
    {
        Activity? activity = s_source.StartActivity(Name);
        activity?.SetTag("device", device);
        activity?.SetTag("reason", reason.ToString());
        return new RestoreActivity(activity);
    }

    /// <summary>Says how long others took to leave the context.</summary>
    internal void SetWaited(TimeSpan waited) =>
        _activity?.SetTag("waited", waited.TotalSeconds);

    /// <summary>Says how it went.</summary>
    internal void SetOutcome(string outcome, long commands, bool isFailure)
    {
        _activity?.SetTag("outcome", outcome);
        _activity?.SetTag("commands", commands);
        if (isFailure)
            _activity?.SetStatus(ActivityStatusCode.Error, "The device is gone.");
    }

    public void Dispose() => _activity?.Dispose();
}
