using Microsoft.Win32.SafeHandles;

namespace FlashKV.SimBackend.Tests.Media;

/// <summary>A kernel of which the test knows what it was handed by each call.</summary>
internal sealed class CountingKernel : UringKernel
{
    /// <summary>The submissions of each call so far that had any.</summary>
    internal List<int> Handed { get; } = [];

    /// <summary>How often somebody waited in the kernel.</summary>
    internal int Waits { get; private set; }

    internal override int Enter(
        SafeFileHandle ring, int submissions, int least, TimeSpan? timeout)
    {
        if (submissions > 0)
        {
            Handed.Add(submissions);
        }

        Waits += least > 0 ? 1 : 0;
        return base.Enter(ring, submissions, least, timeout);
    }
}
