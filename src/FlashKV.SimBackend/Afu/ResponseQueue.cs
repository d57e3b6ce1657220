using System.Buffers.Binary;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// The response queue of a context: a ring of 8-byte entries in client memory, each the handle of a
/// finished command with a toggle that flips at every wrap (SP §4.9).
/// </summary>
/// <remarks>
/// Threads reserve entries by one addition and fill them independently; the client reads in order
/// and stops at an entry that is not filled yet.
/// </remarks>
internal sealed class ResponseQueue
{
    private ulong _start;
    private ulong _end;
    private long _posted;

    internal ulong Start => Volatile.Read(ref _start);

    internal ulong End => Volatile.Read(ref _end);

    /// <summary>Programs the first entry and starts the ring anew.</summary>
    internal void SetStart(ulong address)
    {
        Volatile.Write(ref _posted, 0);
        Volatile.Write(ref _start, address);
    }

    /// <summary>Programs the last entry.</summary>
    internal void SetEnd(ulong address) => Volatile.Write(ref _end, address);

    /// <summary>Reserves entries.</summary>
    /// <param name="count">How many.</param>
    /// <returns>The position of the first; positions count up for ever.</returns>
    internal long Reserve(int count) => Interlocked.Add(ref _posted, count) - count;

    /// <summary>Fills a reserved entry. Everything written before is visible with it.</summary>
    /// <param name="memory">The client's memory.</param>
    /// <param name="position">The entry.</param>
    /// <param name="handle">What it says.</param>
    /// <param name="isBigEndian">Whether the client reads it as a big-endian number.</param>
    /// <returns><see langword="false"/> when the ring's addresses are bad.</returns>
    internal bool TryFill<TMemory>(
        TMemory memory, long position, ulong handle, bool isBigEndian)
        where TMemory : struct, IHostMemory
    {
        ulong start = Start;
        ulong end = End;
        if (start == 0 || end < start)
        {
            return false;
        }

        ulong entries = ((end - start) / SislRrq.EntrySizeInBytes) + 1;
        ulong pass = (ulong)position / entries;
        ulong slot = (ulong)position - (pass * entries);
        ulong toggle = SislRrq.FirstToggle ^ (pass & 1);
        ulong entry = SislRrq.Pack(handle, toggle);
        return memory.TryPublish(
            start + (slot * SislRrq.EntrySizeInBytes),
            ByteOrder.IsForeign(isBigEndian) ? BinaryPrimitives.ReverseEndianness(entry) : entry,
            lastByte: isBigEndian ? SislRrq.EntrySizeInBytes - 1 : 0);
    }

    /// <summary>Fills reserved entries of a client whose memory is copied, in order.</summary>
    /// <param name="memory">The client's memory.</param>
    /// <param name="position">The first entry.</param>
    /// <param name="handles">What they say.</param>
    /// <param name="isBigEndian">Whether the client reads them as big-endian numbers.</param>
    /// <returns>How many were filled before one whose address is bad.</returns>
    internal int Fill<TMemory>(
        TMemory memory, long position, ReadOnlySpan<ulong> handles, bool isBigEndian)
        where TMemory : struct, IHostMemory
    {
        int done = 0;
        while (done < handles.Length)
        {
            ReadOnlySpan<ulong> rest = handles[done..];
            int filled = FillRun(memory, position + done, rest, isBigEndian);
            if (filled == 0)
            {
                if (!TryFill(memory, position + done, rest[0], isBigEndian))
                {
                    break;
                }

                filled = 1;
            }

            done += filled;
        }

        return done;
    }

    // The entries as far as the ring goes; none if they cannot all be written.
    private int FillRun<TMemory>(
        TMemory memory, long position, ReadOnlySpan<ulong> handles, bool isBigEndian)
        where TMemory : struct, IHostMemory
    {
        const int MostAtOnce = 512;
        ulong start = Start;
        ulong end = End;
        if (start == 0 || end < start)
        {
            return 0;
        }

        ulong entries = ((end - start) / SislRrq.EntrySizeInBytes) + 1;
        ulong slot = (ulong)position % entries;
        int count = (int)Math.Min(Math.Min((ulong)handles.Length, entries - slot), MostAtOnce);
        ulong toggle = SislRrq.FirstToggle ^ ((ulong)position / entries & 1);
        bool isForeign = ByteOrder.IsForeign(isBigEndian);
        Span<ulong> run = stackalloc ulong[count];
        for (int i = 0; i < count; i++)
        {
            ulong entry = SislRrq.Pack(handles[i], toggle);
            run[i] = isForeign ? BinaryPrimitives.ReverseEndianness(entry) : entry;
        }

        ulong toggleBit = isForeign ? BinaryPrimitives.ReverseEndianness(1UL) : 1;
        return memory.TryPublish(start + (slot * SislRrq.EntrySizeInBytes), run, toggleBit)
            ? count : 0;
    }
}
