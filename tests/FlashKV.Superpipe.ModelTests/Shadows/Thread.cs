using FlashKV.Superpipe.Scheduling;

namespace FlashKV.Superpipe;

/// <summary>Stands in for System.Threading.Thread where a thread waits: others go on first.</summary>
internal static class Thread
{
    internal static bool Yield()
    {
        Scheduler.Yield();
        return true;
    }

    internal static void SpinWait(int iterations)
    {
        for (int i = 0; i < iterations; i++)
            Scheduler.Yield();
    }
}
