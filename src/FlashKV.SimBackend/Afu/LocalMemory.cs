using System.Diagnostics;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// The memory of a client in the AFU's own process: addresses are pointers.
/// </summary>
/// <remarks>
/// The first 64 KiB and the half of the address space that no process has are refused, which
/// catches null and wild small numbers. Any other address is the client's responsibility, as every
/// pointer in a process is.
/// </remarks>
internal readonly unsafe struct LocalMemory : IHostMemory
{
    private const ulong FirstUsable = 0x1_0000;
    private const ulong EndUsable = 1UL << 62;

    public static bool IsCopied => false;

    public bool TryRead(ulong address, Span<byte> destination)
    {
        if (!IsUsable(address, (ulong)destination.Length))
        {
            return false;
        }

        // SAFETY: the client vouches for the range from its doorbell until the response.
        new ReadOnlySpan<byte>((void*)address, destination.Length).CopyTo(destination);
        return true;
    }

    public bool TryWrite(ulong address, ReadOnlySpan<byte> source)
    {
        if (!IsUsable(address, (ulong)source.Length))
        {
            return false;
        }

        // SAFETY: the client vouches for the range from its doorbell until the response.
        source.CopyTo(new Span<byte>((void*)address, source.Length));
        return true;
    }

    public bool TryWriteIoasa(ulong address, in CommandResult result, bool isSwapped)
    {
        if (!IsUsable(address, SislIoasa.SizeInBytes))
        {
            return false;
        }

        // SAFETY: as in TryWrite. Written in place: a copy of what was just stored in parts would
        // have to wait for the stores.
        result.WriteTo(ref *(SislIoasa*)address, isSwapped);
        return true;
    }

    public bool TryPublish(ulong address, ulong value, int lastByte)
    {
        if (!IsUsable(address, sizeof(ulong)) || (address & 7) != 0)
        {
            return false;
        }

        // SAFETY: the client keeps its response queue for as long as the context exists. The
        // release store puts the answer before the entry that announces it.
        Volatile.Write(ref *(ulong*)address, value);
        return true;
    }

    public bool TryPublish(ulong address, ReadOnlySpan<ulong> values, ulong toggle) =>
        throw new UnreachableException();

    public bool TryLocate(ulong address, long bytes, out nint local)
    {
        Debug.Assert(bytes >= 0, "a length");
        local = (nint)address;
        return IsUsable(address, (ulong)bytes);
    }

    public int ReadRanges(ReadOnlySpan<ClientRange> ranges) => throw new UnreachableException();

    public int WriteRanges(ReadOnlySpan<ClientRange> ranges) => throw new UnreachableException();

    /// <summary>Whether something of a power of two bytes can be at an address.</summary>
    internal static bool IsAligned(ulong address, ulong bytes) =>
        address is >= FirstUsable and < EndUsable && (address & (bytes - 1)) == 0;

    private static bool IsUsable(ulong address, ulong bytes) =>
        address is >= FirstUsable and < EndUsable && bytes <= EndUsable - address;
}
