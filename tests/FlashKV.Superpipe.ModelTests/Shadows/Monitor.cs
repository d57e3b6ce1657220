using FlashKV.Superpipe.Scheduling;
using Real = System.Threading.Monitor;

namespace FlashKV.Superpipe;

/// <summary>
/// Stands in for System.Threading.Monitor where a thread waits inside a lock statement: it lets go
/// of the lock, lets others go on, and looks again. Whoever waits has to look again anyway, so a wake
/// without a pulse is allowed; that a pulse is missing shows as a schedule without end only where
/// the condition itself never comes.
/// </summary>
internal static class Monitor
{
    internal static bool Wait(object target)
    {
        Real.Exit(target);
        Scheduler.Yield();
        Plain.Enter(target);
        return true;
    }

    internal static bool Wait(object target, TimeSpan timeout)
    {
        _ = timeout;
        return Wait(target);
    }

    internal static void PulseAll(object target) => Real.PulseAll(target);
}
