using System.Diagnostics;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// Says which lanes of a context are at work. A thread enters a lane to drive the AFU; who changes
/// what the lanes rely on closes the gate and thereby waits until none is at work.
/// </summary>
/// <remarks>
/// Entering never waits. Closing waits for transfers under way, and no thread inside a lane waits
/// for whoever closes, so the two cannot block each other.
/// </remarks>
internal sealed class LaneGate
{
    /// <summary>How many threads may drive one context at once.</summary>
    internal const int LaneCount = 8;

    // One word per lane, a cache line apart: 0 free, 1 taken.
    private const int Stride = 16;
    private readonly int[] _taken = new int[(LaneCount + 1) * Stride];
    private int _closers;

    /// <summary>Enters a free lane.</summary>
    /// <returns>The lane's index, or -1 when all are taken or the gate is closed.</returns>
    internal int TryEnter()
    {
        if (Volatile.Read(ref _closers) != 0)
        {
            return -1;
        }

        // A thread prefers the same lane each time: its arrays are warm in this core's cache.
        int preferred = Environment.CurrentManagedThreadId;
        for (int i = 0; i < LaneCount; i++)
        {
            int lane = (preferred + i) % LaneCount;
            if (TryTake(lane))
            {
                return lane;
            }
        }

        return -1;
    }

    /// <summary>Enters a certain lane.</summary>
    /// <returns>Whether it was free and the gate is open.</returns>
    internal bool TryEnter(int lane) => Volatile.Read(ref _closers) == 0 && TryTake(lane);

    /// <summary>Leaves a lane.</summary>
    internal void Leave(int lane)
    {
        Debug.Assert(Word(lane) == 1, "a lane that was entered");
        Volatile.Write(ref Word(lane), 0);
    }

    /// <summary>Whether any lane is taken at this moment.</summary>
    internal bool IsAnyTaken()
    {
        for (int lane = 0; lane < LaneCount; lane++)
        {
            if (Volatile.Read(ref Word(lane)) != 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Closes the gate if no lane is at work right now.</summary>
    internal bool TryClose() => TryClose(timeoutMilliseconds: 0);

    /// <summary>Closes the gate as soon as no lane is at work.</summary>
    /// <param name="timeoutMilliseconds">The longest wait.</param>
    /// <returns>Whether it is closed; if so, <see cref="Open"/> must follow.</returns>
    internal bool TryClose(long timeoutMilliseconds)
    {
        long deadline = Environment.TickCount64 + timeoutMilliseconds;
        Interlocked.Increment(ref _closers);
        for (int lane = 0; lane < LaneCount; lane++)
        {
            SpinWait spin = default;
            while (!TryTake(lane))
            {
                if (Environment.TickCount64 >= deadline)
                {
                    Reopen(lane);
                    return false;
                }

                spin.SpinOnce();
            }
        }

        return true;
    }

    /// <summary>Opens the gate that this thread has closed.</summary>
    internal void Open() => Reopen(LaneCount);

    private void Reopen(int lanes)
    {
        for (int lane = 0; lane < lanes; lane++)
        {
            Leave(lane);
        }

        Interlocked.Decrement(ref _closers);
    }

    private bool TryTake(int lane)
    {
        ref int word = ref Word(lane);
        return Volatile.Read(ref word) == 0 && Interlocked.CompareExchange(ref word, 1, 0) == 0;
    }

    private ref int Word(int lane) => ref _taken[(lane + 1) * Stride];
}
