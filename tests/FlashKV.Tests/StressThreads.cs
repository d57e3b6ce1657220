using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace FlashKV.Tests;

/// <summary>Threads of a stress test: a failure in one ends all and fails the test.</summary>
internal sealed class StressThreads : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    private readonly List<Thread> _threads = [];
    private readonly ConcurrentQueue<Exception> _failures = new();
    private volatile bool _stopped;

    /// <summary>Gets whether threads without an end of their own should end.</summary>
    public bool IsStopped => _stopped;

    /// <summary>Starts a thread.</summary>
    public void Start(Action body)
    {
        Thread thread = new(() =>
        {
            try
            {
                body();
            }
            catch (Exception failure)
            {
                _failures.Enqueue(failure);
                _stopped = true;
            }
        })
        {
            IsBackground = true,
        };
        _threads.Add(thread);
        thread.Start();
    }

    /// <summary>Asks the threads to end.</summary>
    public void Stop() => _stopped = true;

    /// <summary>Waits for all threads; throws the first failure, or if one does not end.</summary>
    public void Join()
    {
        foreach (Thread thread in _threads)
        {
            Assert.True(thread.Join(s_limit), "a thread does not come to its end");
        }

        if (_failures.TryDequeue(out Exception? failure))
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    public void Dispose() => Stop();
}
