namespace FlashKV.SimBackend.Sharing;

/// <summary>
/// Threads that execute commands of contexts for which no other thread should: made when they are
/// needed, up to a few, and kept.
/// </summary>
/// <param name="onFailure">Told of exceptions out of media.</param>
internal sealed class DriveWorkers(Action<Exception> onFailure) : IDisposable
{
    private const int MaxThreads = 16;
    private const int StackBytes = 256 * 1024;

    private readonly object _lock = new();
    private readonly Queue<ServedContext> _queue = new();
    private readonly List<Thread> _threads = [];
    private int _idleThreads;
    private bool _isStopped;

    /// <summary>Notes that executing commands has failed by an exception.</summary>
    internal void NoteFailure(Exception failure) => onFailure(failure);

    /// <summary>Has a context's commands executed.</summary>
    internal void Drive(ServedContext context)
    {
        lock (_lock)
        {
            if (_isStopped)
            {
                return;
            }

            _queue.Enqueue(context);
            if (_idleThreads >= _queue.Count || _threads.Count == MaxThreads)
            {
                Monitor.Pulse(_lock);
                return;
            }

            Thread thread = new(Run, StackBytes)
            {
                IsBackground = true,
                Name = "flashkv commands",
            };
            _threads.Add(thread);
            thread.Start();
        }
    }

    public void Dispose()
    {
        Thread[] threads;
        lock (_lock)
        {
            _isStopped = true;
            Monitor.PulseAll(_lock);
            threads = [.. _threads];
        }

        Array.ForEach(threads, thread => thread.Join());
    }

    private void Run()
    {
        while (TryTake(out ServedContext? context))
        {
            context!.Drive();
        }
    }

    private bool TryTake(out ServedContext? context)
    {
        lock (_lock)
        {
            _idleThreads++;
            while (_queue.Count == 0 && !_isStopped)
            {
                Monitor.Wait(_lock);
            }

            _idleThreads--;
            context = _isStopped ? null : _queue.Dequeue();
            return context is not null;
        }
    }
}
