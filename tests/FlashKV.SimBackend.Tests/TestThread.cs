using System.Runtime.ExceptionServices;

namespace FlashKV.SimBackend.Tests;

/// <summary>A thread of a test: it must end in time, and what it throws fails the test.</summary>
internal sealed class TestThread
{
    private const int TimeoutMilliseconds = 60_000;

    private readonly Thread _thread;
    private ExceptionDispatchInfo? _failure;

    internal TestThread(Action work)
    {
        _thread = new Thread(() => Run(work)) { IsBackground = true };
        _thread.Start();
    }

    internal void Join()
    {
        Assert.True(_thread.Join(TimeoutMilliseconds), "the thread has not ended in time");
        _failure?.Throw();
    }

    private void Run(Action work)
    {
        try
        {
            work();
        }
        catch (Exception exception)
        {
            _failure = ExceptionDispatchInfo.Capture(exception);
        }
    }
}
