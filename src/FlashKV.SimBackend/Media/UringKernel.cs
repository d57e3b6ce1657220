using Microsoft.Win32.SafeHandles;

namespace FlashKV.SimBackend;

/// <summary>
/// The kernel's side of io_uring as the rings use it; tests put themselves in its place. Each call
/// answers -1 on failure and leaves the error number in <see
/// cref="System.Runtime.InteropServices.Marshal.GetLastPInvokeError"/>.
/// </summary>
internal unsafe class UringKernel
{
    /// <summary>The kernel itself.</summary>
    internal static UringKernel System { get; } = new();

    /// <summary>Makes a ring; the descriptor is closed on exec.</summary>
    internal virtual int Setup(int entries, ref UringParameters parameters)
    {
        // SAFETY: the kernel writes to the structure during the call only.
        fixed (UringParameters* pointer = &parameters)
        {
            return UringCalls.Setup(entries, pointer);
        }
    }

    /// <summary>Registers a file as number 0.</summary>
    internal virtual int RegisterFile(SafeFileHandle ring, SafeFileHandle file) =>
        UringCalls.RegisterFile(ring, file);

    /// <summary>Hands over submissions and waits for completions, in one call.</summary>
    /// <param name="ring">The ring.</param>
    /// <param name="submissions">How many submissions.</param>
    /// <param name="least">How many completions to wait for.</param>
    /// <param name="timeout">
    /// The longest wait; <see langword="null"/> where the kernel knows no such limit.
    /// </param>
    /// <returns>How many submissions it took.</returns>
    internal virtual int Enter(
        SafeFileHandle ring, int submissions, int least, TimeSpan? timeout) =>
        least == 0 ? UringCalls.Enter(ring, submissions, 0, 0)
            : timeout is { } limit ? UringCalls.EnterFor(ring, submissions, least, limit)
            : UringCalls.Enter(ring, submissions, least, UringCalls.GetEvents);
}
