using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// Reading and writing of another process's memory, or of this one's where an address is doubtful
/// (64-bit Linux). An address that cannot be reached is an answer, never a fault.
/// </summary>
internal static unsafe partial class ProcessVm
{
    /// <summary>Whether the running system has the calls.</summary>
    internal static bool IsUsable =>
        OperatingSystem.IsLinux() && Environment.Is64BitProcess;

    /// <summary>Copies all of a range out of a process.</summary>
    internal static bool TryRead(int processId, ulong address, Span<byte> destination)
    {
        fixed (byte* local = destination)
        {
            IoVector to = new() { Address = (nint)local, Length = (nuint)destination.Length };
            IoVector from = new() { Address = (nint)address, Length = to.Length };

            // SAFETY: both vectors live through the call and describe what they say.
            return Read(processId, &to, 1, &from, 1, 0) == destination.Length;
        }
    }

    /// <summary>Copies all of a range into a process.</summary>
    internal static bool TryWrite(int processId, ulong address, ReadOnlySpan<byte> source)
    {
        fixed (byte* local = source)
        {
            IoVector from = new() { Address = (nint)local, Length = (nuint)source.Length };
            IoVector to = new() { Address = (nint)address, Length = from.Length };

            // SAFETY: as above.
            return Write(processId, &from, 1, &to, 1, 0) == source.Length;
        }
    }

    /// <summary>
    /// Stores a number of which one byte, the first or the last in memory, says that it is there:
    /// that byte goes after the others.
    /// </summary>
    /// <remarks>The system does not promise to store eight bytes at once.</remarks>
    internal static bool TryPublish(int processId, ulong address, ulong value, int lastByte)
    {
        Debug.Assert(lastByte is 0 or sizeof(ulong) - 1, "at one of the ends");
        IoVector* from = stackalloc IoVector[2];
        IoVector* to = stackalloc IoVector[2];
        int others = lastByte == 0 ? 1 : 0;
        from[0] = new() { Address = (nint)(&value) + others, Length = sizeof(ulong) - 1 };
        from[1] = new() { Address = (nint)(&value) + lastByte, Length = 1 };
        to[0] = new() { Address = (nint)address + others, Length = sizeof(ulong) - 1 };
        to[1] = new() { Address = (nint)address + lastByte, Length = 1 };

        // SAFETY: both vectors and the value live through the call.
        return Write(processId, from, 2, to, 2, 0) == sizeof(ulong);
    }

    /// <summary>
    /// Stores numbers of which one bit says that they are there: first with that bit the other way
    /// round, and then once more as they are.
    /// </summary>
    /// <param name="processId">The process.</param>
    /// <param name="address">Where they go.</param>
    /// <param name="values">The numbers.</param>
    /// <param name="toggle">The bit.</param>
    /// <remarks>
    /// The second time changes nothing but the bit, so it does not matter how the system stores
    /// bytes. The first time must have gone well.
    /// </remarks>
    internal static bool TryPublish(
        int processId, ulong address, ReadOnlySpan<ulong> values, ulong toggle)
    {
        Span<ulong> before = stackalloc ulong[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            before[i] = values[i] ^ toggle;
        }

        nuint bytes = (nuint)values.Length * sizeof(ulong);
        fixed (ulong* first = before)
        fixed (ulong* second = values)
        {
            IoVector* from = stackalloc IoVector[2];
            IoVector* to = stackalloc IoVector[2];
            from[0] = new() { Address = (nint)first, Length = bytes };
            from[1] = new() { Address = (nint)second, Length = bytes };
            to[0] = to[1] = new() { Address = (nint)address, Length = bytes };

            // SAFETY: vectors and numbers live through the call.
            return Write(processId, from, 2, to, 2, 0) == 2 * (nint)bytes;
        }
    }

    /// <summary>Copies ranges out of a process.</summary>
    /// <returns>How many were copied before the first that could not be.</returns>
    internal static int ReadRanges(int processId, ReadOnlySpan<ClientRange> ranges) =>
        CopyRanges(processId, ranges, isRead: true);

    /// <summary>Copies ranges into a process.</summary>
    /// <returns>How many were copied before the first that could not be.</returns>
    internal static int WriteRanges(int processId, ReadOnlySpan<ClientRange> ranges) =>
        CopyRanges(processId, ranges, isRead: false);

    private static int CopyRanges(
        int processId, ReadOnlySpan<ClientRange> ranges, bool isRead)
    {
        Debug.Assert(ranges.Length <= IoVector.MaxCount, "what one call takes");
        IoVector* local = stackalloc IoVector[ranges.Length];
        IoVector* remote = stackalloc IoVector[ranges.Length];
        for (int i = 0; i < ranges.Length; i++)
        {
            nuint bytes = (nuint)ranges[i].ByteCount;
            local[i] = new() { Address = ranges[i].Local, Length = bytes };
            remote[i] = new() { Address = (nint)ranges[i].Address, Length = bytes };
        }

        nuint count = (nuint)ranges.Length;

        // SAFETY: the vectors live through the call; the copies are in an arena of the caller.
        nint copied = isRead
            ? Read(processId, local, count, remote, count, 0)
            : Write(processId, local, count, remote, count, 0);
        int whole = 0;
        while (whole < ranges.Length && copied >= ranges[whole].ByteCount)
        {
            copied -= ranges[whole++].ByteCount;
        }

        return whole;
    }

    [LibraryImport("libc", EntryPoint = "process_vm_readv", SetLastError = true)]
    private static partial nint Read(
        int processId, IoVector* local, nuint localCount, IoVector* remote, nuint remoteCount,
        nuint flags);

    [LibraryImport("libc", EntryPoint = "process_vm_writev", SetLastError = true)]
    private static partial nint Write(
        int processId, IoVector* local, nuint localCount, IoVector* remote, nuint remoteCount,
        nuint flags);
}
