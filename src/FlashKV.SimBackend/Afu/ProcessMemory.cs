using System.Diagnostics;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// The memory of a client in another process, reached by process_vm_readv and process_vm_writev.
/// </summary>
/// <remarks>
/// <para>
/// A transfer that the system refuses or cuts short is an address that the client does not have:
/// <see langword="false"/>, which the AFU reports as a translation fault. Data buffers are copied
/// through a <see cref="BounceArena"/>.
/// </para>
/// <para>
/// The process is named by its number. Whoever serves it ends its contexts when it exits, so that
/// a number which the system gives to somebody else is not used here any more.
/// </para>
/// </remarks>
internal readonly struct ProcessMemory : IHostMemory
{
    private readonly int _processId;

    /// <exception cref="PlatformNotSupportedException">The system has no such calls.</exception>
    internal ProcessMemory(int processId)
    {
        if (!ProcessVm.IsUsable)
        {
            throw new PlatformNotSupportedException(
                "Clients in other processes need process_vm_readv and process_vm_writev, "
                + "which 64-bit Linux has.");
        }

        _processId = processId;
    }

    public static bool IsCopied => true;

    public bool TryRead(ulong address, Span<byte> destination) =>
        ProcessVm.TryRead(_processId, address, destination);

    public bool TryWrite(ulong address, ReadOnlySpan<byte> source) =>
        ProcessVm.TryWrite(_processId, address, source);

    public bool TryWriteIoasa(ulong address, in CommandResult result, bool isSwapped) =>
        throw new UnreachableException();

    public bool TryPublish(ulong address, ulong value, int lastByte)
    {
        if ((address & 7) != 0)
        {
            return false;
        }

        // Everything before is in the client's memory when the entry gets there.
        Thread.MemoryBarrier();
        return ProcessVm.TryPublish(_processId, address, value, lastByte);
    }

    public bool TryPublish(ulong address, ReadOnlySpan<ulong> values, ulong toggle)
    {
        if ((address & 7) != 0)
        {
            return false;
        }

        Thread.MemoryBarrier();
        return ProcessVm.TryPublish(_processId, address, values, toggle);
    }

    // Whether the client has the range shows when it is copied.
    public bool TryLocate(ulong address, long bytes, out nint local)
    {
        local = 0;
        return true;
    }

    public int ReadRanges(ReadOnlySpan<ClientRange> ranges) =>
        ProcessVm.ReadRanges(_processId, ranges);

    public int WriteRanges(ReadOnlySpan<ClientRange> ranges) =>
        ProcessVm.WriteRanges(_processId, ranges);
}
