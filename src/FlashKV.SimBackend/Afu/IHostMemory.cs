namespace FlashKV.SimBackend.Afu;

/// <summary>
/// How the AFU reaches the memory of a client. Implemented by structs, so that the command path is
/// compiled for each kind of client without an interface call.
/// </summary>
/// <remarks>
/// An address that the client does not have answers <see langword="false"/>; the AFU reports it as
/// a DMA error. All members may be called by any number of threads at once.
/// </remarks>
internal interface IHostMemory
{
    /// <summary>Copies client memory.</summary>
    bool TryRead(ulong address, Span<byte> destination);

    /// <summary>Copies into client memory.</summary>
    bool TryWrite(ulong address, ReadOnlySpan<byte> source);

    /// <summary>
    /// Stores a number so that a client which sees it also sees all earlier writes.
    /// </summary>
    /// <param name="address">A multiple of 8.</param>
    /// <param name="value">The number, in host order.</param>
    bool TryPublish(ulong address, ulong value);

    /// <summary>Makes a data buffer of the client reachable for a transfer.</summary>
    /// <param name="address">The client's address.</param>
    /// <param name="bytes">The length in bytes.</param>
    /// <param name="local">The address to transfer from or to.</param>
    bool TryBorrow(ulong address, long bytes, out nint local);
}
