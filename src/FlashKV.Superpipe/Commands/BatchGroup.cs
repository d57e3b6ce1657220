using System.Runtime.ExceptionServices;

namespace FlashKV.Superpipe.Commands;

/// <summary>
/// Batches on several LUNs, perhaps of several contexts, that one thread carries on in turn: all of
/// them are under way before it waits for any.
/// </summary>
internal static class BatchGroup
{
    // A round to send, one to have the adapter begin, one to look whether it was that fast.
    private const int RoundsBeforeWaiting = 3;

    internal static void Run(ReadOnlySpan<LunBatch> batches)
    {
        Exception? failure = Finish(Begin(batches));
        if (failure is not null)
            ExceptionDispatchInfo.Throw(failure);
    }

    /// <summary>Carries batches on until all have ended, and gives them back.</summary>
    /// <returns>How one of them failed, if one did.</returns>
    internal static Exception? Finish(SteppedBatch? first)
    {
        Exception? failure = null;
        for (int idle = 0; first is not null;)
        {
            bool mayWait = idle >= RoundsBeforeWaiting;
            idle = StepAll(ref first, mayWait, ref failure) ? 0 : idle + 1;
        }

        return failure;
    }

    private static SteppedBatch? Begin(ReadOnlySpan<LunBatch> batches)
    {
        SteppedBatch? first = null;
        try
        {
            foreach (ref readonly LunBatch batch in batches)
            {
                if (batch.Lun.Begin(batch.Transfers) is { } begun)
                {
                    begun.Following = first;
                    first = begun;
                }
            }

            return first;
        }
        catch
        {
            // Nothing has been sent yet.
            while (first is not null)
                Take(ref first).End();
            throw;
        }
    }

    private static bool StepAll(ref SteppedBatch? first, bool mayWait, ref Exception? failure)
    {
        bool hasProgress = false;
        bool isAsleep = mayWait;
        SteppedBatch? previous = null;
        SteppedBatch? batch = first;
        while (batch is not null)
        {
            hasProgress |= mayWait ? batch.Step() : batch.StepInline();
            SteppedBatch? next = batch.Following;
            if (batch.IsDone)
            {
                hasProgress = true;
                if (previous is null)
                    first = next;
                else
                    previous.Following = next;
                batch.Following = null;
                Exception? ended = batch.End();
                if (failure is null || ended is DeviceException { HoldsBuffers: true })
                    failure = ended;
            }
            else
            {
                isAsleep &= batch.IsAsleep;
                previous = batch;
            }

            batch = next;
        }

        if (isAsleep && !hasProgress)
            first!.Doze();
        return hasProgress;
    }

    private static SteppedBatch Take(ref SteppedBatch? first)
    {
        SteppedBatch taken = first!;
        first = taken.Following;
        taken.Following = null;
        return taken;
    }
}
