using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Recovery;

/// <summary>
/// Keeps the threads that use a context's window and rings apart from the one that replaces them.
/// Users register in a stripe of their own, so the ordinary path shares no cache line; who wants
/// the context to himself closes the gate and waits until all stripes are empty.
/// </summary>
/// <remarks>
/// Registering increments and then looks at the phase; closing sets the phase and then looks at
/// the stripes, both with full fences, so that one of the two sees the other. A registered thread
/// looks at <see cref="IsOpen"/> between any two steps and leaves when it is not; so the wait
/// for empty stripes is as long as the longest single step.
/// </remarks>
internal sealed class ContextGate
{
    private readonly Stripe[] _stripes = new Stripe[16];
    private readonly object _settled = new();
    private int _phase;

    internal ContextPhase Phase => (ContextPhase)Volatile.Read(ref _phase);

    internal bool IsOpen => Phase == ContextPhase.Open;

    /// <summary>The stripe of the calling thread.</summary>
    internal int StripeOfThread() => Environment.CurrentManagedThreadId & (_stripes.Length - 1);

    /// <summary>Registers the calling thread, unless the gate is not open.</summary>
    internal bool TryEnter(int stripe)
    {
        Interlocked.Increment(ref _stripes[stripe].Users);
        if (IsOpen)
            return true;

        Exit(stripe);
        return false;
    }

    internal void Exit(int stripe) => Interlocked.Decrement(ref _stripes[stripe].Users);

    /// <summary>Closes an open gate; only one thread succeeds.</summary>
    internal bool TryClose() => Interlocked.CompareExchange(
        ref _phase, (int)ContextPhase.Restoring, (int)ContextPhase.Open) == (int)ContextPhase.Open;

    /// <summary>
    /// Waits until no thread is registered. Only for the thread that closed the gate.
    /// </summary>
    internal void WaitUntilEmpty()
    {
        Debug.Assert(Phase == ContextPhase.Restoring, "The gate is not closed.");

        SpinWait spin = default;
        foreach (ref Stripe stripe in _stripes.AsSpan())
        {
            while (Volatile.Read(ref stripe.Users) != 0)
                spin.SpinOnce(sleep1Threshold: -1);
        }
    }

    /// <summary>Ends the closed time. Only for the thread that closed the gate.</summary>
    internal void Settle(ContextPhase phase)
    {
        Debug.Assert(Phase == ContextPhase.Restoring, "The gate is not closed.");
        Debug.Assert(phase != ContextPhase.Restoring, "Not an end.");

        lock (_settled)
        {
            _phase = (int)phase;
            Monitor.PulseAll(_settled);
        }
    }

    /// <summary>Waits while another thread holds the gate closed.</summary>
    internal ContextPhase WaitUntilSettled()
    {
        // Whoever ends the closed time writes the phase under the lock.
        lock (_settled)
        {
            while (_phase == (int)ContextPhase.Restoring)
                Monitor.Wait(_settled);
            return (ContextPhase)_phase;
        }
    }

    [StructLayout(LayoutKind.Explicit, Size = 128)]
    private struct Stripe
    {
        [FieldOffset(64)]
        internal int Users;
    }
}
