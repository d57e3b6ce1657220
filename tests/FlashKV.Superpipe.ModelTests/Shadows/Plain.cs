using FlashKV.Superpipe.Scheduling;
using Real = System.Threading.Monitor;

namespace FlashKV.Superpipe;

/// <summary>
/// What <see cref="Mutations.PlainAccessRewriter"/> puts into the client's sources: points at plain
/// accesses to shared memory, and locks that the scheduler knows of.
/// </summary>
internal static class Plain
{
    /// <summary>
    /// A point between reading a value and using it, or between having a value and writing it.
    /// </summary>
    internal static T Access<T>(T value)
    {
        Scheduler.Point();
        return value;
    }

    internal static void Enter(object target)
    {
        while (!Real.TryEnter(target))
            Scheduler.Yield();
    }

    internal static void Exit(object target) => Real.Exit(target);

    internal static void Enter(Lock target)
    {
        while (!target.TryEnter())
            Scheduler.Yield();
    }

    internal static void Exit(Lock target) => target.Exit();
}
