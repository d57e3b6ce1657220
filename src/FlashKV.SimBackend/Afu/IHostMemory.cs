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
    /// <summary>Whether data have to be copied, because the memory is not this process's.</summary>
    static abstract bool IsCopied { get; }

    /// <summary>Copies client memory.</summary>
    bool TryRead(ulong address, Span<byte> destination);

    /// <summary>Copies into client memory.</summary>
    bool TryWrite(ulong address, ReadOnlySpan<byte> source);

    /// <summary>
    /// Writes the AFU's half of an IOASA; only for memory that is not copied.
    /// </summary>
    /// <param name="address">The address of the IOASA.</param>
    /// <param name="result">What it says.</param>
    /// <param name="isSwapped">See <see cref="CommandResult.WriteTo"/>.</param>
    bool TryWriteIoasa(ulong address, in CommandResult result, bool isSwapped);

    /// <summary>
    /// Stores a number so that a client which sees it also sees all earlier writes.
    /// </summary>
    /// <param name="address">A multiple of 8.</param>
    /// <param name="value">The number, in host order.</param>
    /// <param name="lastByte">
    /// Which byte in memory, 0 or 7, tells the client that the number is there; it must not appear
    /// before the others.
    /// </param>
    bool TryPublish(ulong address, ulong value, int lastByte);

    /// <summary>
    /// Stores numbers in a row, so that a client which sees one also sees all earlier writes, and
    /// those before it; only for memory that is copied.
    /// </summary>
    /// <param name="address">A multiple of 8.</param>
    /// <param name="values">The numbers, as they are to lie in memory.</param>
    /// <param name="toggle">
    /// The bit that tells the client that a number is there. Until now it is the other way round.
    /// </param>
    /// <returns>
    /// <see langword="false"/> when the client does not have all of the memory; then it sees none of
    /// the numbers.
    /// </returns>
    bool TryPublish(ulong address, ReadOnlySpan<ulong> values, ulong toggle);

    /// <summary>Finds a data buffer of the client, to transfer from and to directly.</summary>
    /// <param name="address">The client's address.</param>
    /// <param name="bytes">The length in bytes.</param>
    /// <param name="local">The address in this process; 0 if data are copied.</param>
    bool TryLocate(ulong address, long bytes, out nint local);

    /// <summary>Copies ranges of client memory, in order; only for memory that is copied.</summary>
    /// <param name="ranges">At most <see cref="IoVector.MaxCount"/>.</param>
    /// <returns>How many were copied before the first that the client does not have.</returns>
    int ReadRanges(ReadOnlySpan<ClientRange> ranges);

    /// <summary>
    /// Copies into ranges of client memory, in order; only for memory that is copied.
    /// </summary>
    /// <param name="ranges">At most <see cref="IoVector.MaxCount"/>.</param>
    /// <returns>How many were copied before the first that the client does not have.</returns>
    int WriteRanges(ReadOnlySpan<ClientRange> ranges);
}
