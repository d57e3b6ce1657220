using System.Diagnostics;
using System.Numerics;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// The doorbell of a context in IOARRIN mode: a ring of IOARCB addresses written by any number of
/// threads and read by one at a time, with the account of command rooms (SP §4.9).
/// </summary>
/// <remarks>
/// A send takes a room and a fetch gives it back. That no more addresses are in the ring than it
/// has slots follows from the rooms, so a sender never finds its slot occupied. A command sent
/// without room is refused, except that sixteen are always taken.
/// </remarks>
internal sealed class RoomQueue
{
    private const int AlwaysTaken = 16;

    // The three words lie on cache lines of their own: senders write the first two, the reader
    // the third.
    private const int Stride = 16;
    private const int Rooms = 1 * Stride;
    private const int Tail = 2 * Stride;
    private const int Head = 3 * Stride;

    private readonly int[] _words = new int[4 * Stride];
    private readonly ulong[] _slots;
    private readonly int _slack;

    internal RoomQueue(int roomCount)
    {
        Debug.Assert(roomCount >= 1, "a context without rooms could send nothing");
        _slack = Math.Max(0, AlwaysTaken - roomCount);
        _slots = new ulong[BitOperations.RoundUpToPowerOf2((uint)(roomCount + _slack))];
        _words[Rooms] = roomCount;
    }

    /// <summary>What cmd_room reads.</summary>
    internal int FreeRooms => Math.Max(0, Volatile.Read(ref _words[Rooms]));

    /// <summary>Takes a room and queues an address.</summary>
    /// <param name="address">The address of the IOARCB; not 0.</param>
    /// <returns><see langword="false"/> when there was no room.</returns>
    internal bool TryEnqueue(ulong address)
    {
        Debug.Assert(address != 0, "0 marks an empty slot");
        if (Interlocked.Decrement(ref _words[Rooms]) < -_slack)
        {
            Interlocked.Increment(ref _words[Rooms]);
            return false;
        }

        int position = Interlocked.Increment(ref _words[Tail]) - 1;
        Volatile.Write(ref Slot(position), address);
        return true;
    }

    /// <summary>
    /// Takes queued addresses and gives their rooms back. One thread at a time.
    /// </summary>
    /// <param name="addresses">Where they go.</param>
    /// <returns>How many were taken.</returns>
    internal int Dequeue(Span<ulong> addresses)
    {
        int head = _words[Head];
        int count = 0;
        while (count < addresses.Length)
        {
            // A slot that is still 0 behind the tail belongs to a sender that is about to fill it.
            ulong address = Volatile.Read(ref Slot(head + count));
            if (address == 0)
            {
                break;
            }

            Slot(head + count) = 0;
            addresses[count++] = address;
        }

        if (count > 0)
        {
            Volatile.Write(ref _words[Head], head + count);
            Interlocked.Add(ref _words[Rooms], count);
        }

        return count;
    }

    /// <summary>
    /// Forgets what is queued and gives its rooms back. One thread at a time.
    /// </summary>
    /// <returns>
    /// <see langword="false"/> when a sender has yet to fill its slot; try again.
    /// </returns>
    internal bool TryClear()
    {
        Span<ulong> forgotten = stackalloc ulong[64];
        while (Dequeue(forgotten) > 0)
        {
        }

        return Volatile.Read(ref _words[Tail]) == _words[Head];
    }

    private ref ulong Slot(int position) => ref _slots[position & (_slots.Length - 1)];
}
