using FlashKV.Superpipe.Scheduling;

namespace FlashKV.Superpipe;

/// <summary>Stands in for System.Threading.SpinWait: others go on first.</summary>
internal struct SpinWait
{
    private int _count;

    internal void SpinOnce(int sleep1Threshold)
    {
        _count += sleep1Threshold == 0 ? 0 : 1;
        Scheduler.Yield();
    }
}
