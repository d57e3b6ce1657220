using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace FlashKV;

/// <summary>
/// Names the moments at which what is in staging changes. A simulation takes a copy there of what a
/// process that died now would leave. The switch is off in every other process, and fixed when the
/// process starts: then compiled code holds nothing of the calls.
/// </summary>
internal static class Step
{
    /// <summary>A write has its place in the hot log, and so its order among the others.</summary>
    internal const string Placed = "placed";

    private const string Switch = "FlashKV.ObserveSteps";

    /// <summary>The entries of the directory that follows are on stable storage.</summary>
    internal const string Flushed = "directory ";

    [ThreadStatic]
    private static Action<string>? s_observer;

    /// <summary>Whether this process observes steps at all.</summary>
    [FeatureSwitchDefinition(Switch)]
    internal static bool IsObserved { get; } =
        AppContext.TryGetSwitch(Switch, out bool isOn) && isOn;

    /// <summary>Hears of the steps of this thread.</summary>
    internal static Action<string>? Observer
    {
        get => s_observer;
        set => s_observer = value;
    }

    /// <summary>Something in staging was changed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Reached(string step)
    {
        if (IsObserved)
        {
            s_observer?.Invoke(step);
        }
    }
}
