using System.Runtime.ExceptionServices;

namespace FlashKV.Superpipe.Tests.Doubles;

/// <summary>Runs threads to their end, within a time limit.</summary>
internal static class Threads
{
    // Only a hang takes as long; a reset in mid load took a minute beside other programs.
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(4);

    /// <summary>Runs a body on one thread, so that a hang fails instead of staying.</summary>
    internal static void RunOne(Action body) => Run(1, _ => body());

    internal static void Run(int count, Action<int> body)
    {
        Exception? failure = null;
        Thread[] threads = new Thread[count];
        for (int i = 0; i < count; i++)
        {
            int number = i;
            threads[i] = new Thread(() =>
            {
                try
                {
                    body(number);
                }
                catch (Exception exception)
                {
                    Interlocked.CompareExchange(ref failure, exception, null);
                }
            })
            {
                IsBackground = true,
            };
            threads[i].Start();
        }

        foreach (Thread thread in threads)
        {
            if (!thread.Join(s_limit))
                Assert.Fail($"A thread did not end within {s_limit}; failure so far: {failure}");
        }

        if (failure is not null)
            ExceptionDispatchInfo.Throw(failure);
    }
}
