namespace FlashKV.Superpipe;

/// <summary>
/// The register seam: the 64 KiB window of one context on the adapter. Implemented by structs, so
/// that the JIT compiles the command path for each kind of window without an interface call.
/// </summary>
/// <remarks>
/// Registers are 64 bits wide and big-endian on the wire; values here are in host order. Any number
/// of threads may use one window at once. Source: sislite.h, struct sisl_host_map.
/// </remarks>
public interface IRegisterWindow
{
    /// <summary>
    /// Reads a register. A value of all ones means that the adapter is lost or being reset.
    /// </summary>
    /// <param name="offset">Byte offset in the window, a multiple of 8.</param>
    /// <returns>The register's value, in host order.</returns>
    ulong Read(int offset);

    /// <summary>
    /// Writes a register. All earlier stores of this thread to memory are visible to the adapter
    /// before it sees the value.
    /// </summary>
    /// <param name="offset">Byte offset in the window, a multiple of 8.</param>
    /// <param name="value">The value, in host order.</param>
    void Write(int offset, ulong value);

    /// <summary>
    /// What a thread that waits for a response does between two looks at the response queue. On a
    /// device it is a pause of the processor; on the simulated adapter the waiting thread drives
    /// the adapter's work for this context, which is why no other thread is needed.
    /// </summary>
    void Wait();

    /// <summary>
    /// As <see cref="Wait"/>, but for a thread that does not want to wait: on the simulated adapter
    /// what was sent is begun, and what has ended is answered, without waiting for a medium that
    /// can have transfers under way. On a device there is nothing to do.
    /// </summary>
    void Drive();
}
