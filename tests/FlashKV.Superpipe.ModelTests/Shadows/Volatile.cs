using System.Diagnostics.CodeAnalysis;
using FlashKV.Superpipe.Scheduling;
using Real = System.Threading.Volatile;

namespace FlashKV.Superpipe;

/// <summary>Stands in for System.Threading.Volatile: each access is a point of the schedule.</summary>
internal static class Volatile
{
    internal static int Read(ref readonly int location)
    {
        Scheduler.Point();
        return Real.Read(in location);
    }

    internal static long Read(ref readonly long location)
    {
        Scheduler.Point();
        return Real.Read(in location);
    }

    internal static ulong Read(ref readonly ulong location)
    {
        Scheduler.Point();
        return Real.Read(in location);
    }

    [return: NotNullIfNotNull(nameof(location))]
    internal static T Read<T>([NotNullIfNotNull(nameof(location))] ref readonly T location)
        where T : class?
    {
        Scheduler.Point();
        return Real.Read(in location);
    }

    internal static void Write(ref int location, int value)
    {
        Scheduler.Point();
        Real.Write(ref location, value);
    }

    internal static void Write(ref long location, long value)
    {
        Scheduler.Point();
        Real.Write(ref location, value);
    }

    internal static void Write(ref ulong location, ulong value)
    {
        Scheduler.Point();
        Real.Write(ref location, value);
    }
}
