namespace FlashKV.Superpipe.Scheduling;

/// <summary>
/// A real thread that only runs when the scheduler lets it, so that one of them runs at a time.
/// </summary>
internal sealed class ModelThread
{
    private readonly SemaphoreSlim _turn = new(0);
    private readonly System.Threading.Thread _thread;

    internal ModelThread(Scheduler scheduler, int number)
    {
        Scheduler = scheduler;
        Number = number;
        _thread = new System.Threading.Thread(Work) { IsBackground = true };
        _thread.Start();
    }

    internal Scheduler Scheduler { get; }

    internal int Number { get; }

    /// <summary>What to do in the next run; <see langword="null"/> ends the thread.</summary>
    internal Action? Body { get; set; }

    internal void WaitForTurn() => _turn.Wait();

    internal void GiveTurn() => _turn.Release();

    internal void Join() => _thread.Join();

    private void Work()
    {
        while (true)
        {
            WaitForTurn();
            if (Body is null)
                return;
            Scheduler.Enter(this);
            try
            {
                Body();
            }
            catch (ScheduleEndedException)
            {
                // Another thread has failed, and this one is in the middle of things.
            }
            catch (Exception exception)
            {
                Scheduler.Fail(exception);
            }

            Scheduler.Leave(this);
        }
    }
}
