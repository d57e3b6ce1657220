using System.Diagnostics;
using System.Numerics;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// The doorbell of a context in IOARRIN mode: a ring of IOARCB addresses written by any number of
/// threads and read by one at a time, with the account of command rooms (SP §4.9).
/// </summary>
/// <remarks>
/// A send takes a room and a fetch gives it back, so the rooms that are taken are the addresses in
/// the ring: those between its head and its tail. One compare-and-swap of the tail takes room and
/// slot together, and a fetch needs none. A command sent without room is refused, except that
/// sixteen are always taken.
/// </remarks>
internal sealed class RoomQueue
{
    private const int AlwaysTaken = 16;

    // The two words lie on cache lines of their own: senders write the first, the reader the
    // second.
    private const int Stride = 16;
    private const int Tail = 1 * Stride;
    private const int Head = 2 * Stride;

    private readonly int[] _words = new int[3 * Stride];
    private readonly ulong[] _slots;
    private readonly int _roomCount;
    private readonly int _capacity;

    internal RoomQueue(int roomCount)
    {
        Debug.Assert(roomCount >= 1, "a context without rooms could send nothing");
        _roomCount = roomCount;
        _capacity = Math.Max(AlwaysTaken, roomCount);
        _slots = new ulong[BitOperations.RoundUpToPowerOf2((uint)_capacity)];
    }

    /// <summary>What cmd_room reads.</summary>
    internal int FreeRooms
    {
        get
        {
            // The head first: it never passes the tail, so the difference cannot be negative.
            int head = Volatile.Read(ref _words[Head]);
            return Math.Max(0, _roomCount - (Volatile.Read(ref _words[Tail]) - head));
        }
    }

    /// <summary>Whether nothing is queued, at this moment and as far as this thread can see.</summary>
    internal bool IsEmpty => Volatile.Read(ref Slot(Volatile.Read(ref _words[Head]))) == 0;

    /// <summary>Takes a room and queues an address.</summary>
    /// <param name="address">The address of the IOARCB; not 0.</param>
    /// <returns><see langword="false"/> when there was no room.</returns>
    internal bool TryEnqueue(ulong address)
    {
        Debug.Assert(address != 0, "0 marks an empty slot");

        // A failed exchange means that another sender went ahead, and the head only frees slots.
        ref int tail = ref _words[Tail];
        int position = Volatile.Read(ref tail);
        while (position - Volatile.Read(ref _words[Head]) < _capacity)
        {
            int seen = Interlocked.CompareExchange(ref tail, position + 1, position);
            if (seen == position)
            {
                Volatile.Write(ref Slot(position), address);
                return true;
            }

            position = seen;
        }

        return false;
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

        // Whoever sees the new head sees the slots empty.
        Volatile.Write(ref _words[Head], head + count);
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
