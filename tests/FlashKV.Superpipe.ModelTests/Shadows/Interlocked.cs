using FlashKV.Superpipe.Scheduling;
using Real = System.Threading.Interlocked;

namespace FlashKV.Superpipe;

/// <summary>Stands in for System.Threading.Interlocked: each operation is a point of the schedule.</summary>
internal static class Interlocked
{
    internal static int Increment(ref int location)
    {
        Scheduler.Point();
        return Real.Increment(ref location);
    }

    internal static long Increment(ref long location)
    {
        Scheduler.Point();
        return Real.Increment(ref location);
    }

    internal static int Decrement(ref int location)
    {
        Scheduler.Point();
        return Real.Decrement(ref location);
    }

    internal static int Add(ref int location, int value)
    {
        Scheduler.Point();
        return Real.Add(ref location, value);
    }

    internal static long Add(ref long location, long value)
    {
        Scheduler.Point();
        return Real.Add(ref location, value);
    }

    internal static int Exchange(ref int location, int value)
    {
        Scheduler.Point();
        return Real.Exchange(ref location, value);
    }

    internal static T Exchange<T>(ref T location, T value)
        where T : class?
    {
        Scheduler.Point();
        return Real.Exchange(ref location, value);
    }

    internal static int CompareExchange(ref int location, int value, int comparand)
    {
        Scheduler.Point();
        return Real.CompareExchange(ref location, value, comparand);
    }

    internal static long CompareExchange(ref long location, long value, long comparand)
    {
        Scheduler.Point();
        return Real.CompareExchange(ref location, value, comparand);
    }

    internal static ulong CompareExchange(ref ulong location, ulong value, ulong comparand)
    {
        Scheduler.Point();
        return Real.CompareExchange(ref location, value, comparand);
    }

    internal static T CompareExchange<T>(ref T location, T value, T comparand)
        where T : class?
    {
        Scheduler.Point();
        return Real.CompareExchange(ref location, value, comparand);
    }

    internal static ulong Or(ref ulong location, ulong value)
    {
        Scheduler.Point();
        return Real.Or(ref location, value);
    }

    internal static long Read(ref long location)
    {
        Scheduler.Point();
        return Real.Read(ref location);
    }

    internal static void MemoryBarrier() => Real.MemoryBarrier();
}
