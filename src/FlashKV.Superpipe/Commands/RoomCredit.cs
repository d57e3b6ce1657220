using System.Diagnostics;
using System.Runtime.InteropServices;
using FlashKV.Superpipe.Abi;

namespace FlashKV.Superpipe.Commands;

/// <summary>
/// Command rooms of a context in IOARRIN mode: the cached credit of the room protocol. One
/// compare-and-swap takes many rooms; at zero, one thread reads the cmd_room register again.
/// </summary>
/// <remarks>
/// A room is taken some time before the command is sent, and cmd_room does not know of it in
/// between. So the word holds two numbers, the credit and the rooms taken and not yet used. The
/// register is only read while the credit is zero, when nobody can take, and what was still unused
/// just before the read is taken off its value: too little at worst, never too much. Sending
/// without room is an error that ends the context.
/// </remarks>
internal sealed class RoomCredit
{
    private const int UnusedShift = 32;

    private readonly int _limit;
    private Words _words;

    internal RoomCredit(int limit) => _limit = limit;

    /// <summary>Takes up to <paramref name="wanted"/> rooms of the cached credit.</summary>
    internal int Take(int wanted)
    {
        Debug.Assert(wanted > 0, "Wanted nothing.");

        // A failed exchange means that another thread took, used or added rooms.
        long word = Volatile.Read(ref _words.Rooms);
        while ((int)word > 0)
        {
            int taken = Math.Min((int)word, wanted);
            long next = word - taken + ((long)taken << UnusedShift);
            long seen = Interlocked.CompareExchange(ref _words.Rooms, next, word);
            if (seen == word)
                return taken;
            word = seen;
        }

        return 0;
    }

    /// <summary>States that commands have been sent in taken rooms.</summary>
    internal void Used(int count) =>
        Interlocked.Add(ref _words.Rooms, -((long)count << UnusedShift));

    /// <summary>Reads cmd_room unless there is credit or another thread is reading it.</summary>
    internal RoomRefill TryRefill<TRegisters>(TRegisters window)
        where TRegisters : struct, IRegisterWindow
    {
        if (Interlocked.CompareExchange(ref _words.Refilling, 1, 0) != 0)
            return RoomRefill.None;
        try
        {
            return Refill(window);
        }
        finally
        {
            Volatile.Write(ref _words.Refilling, 0);
        }
    }

    /// <summary>Forgets all rooms. No other thread may use the object meanwhile.</summary>
    internal void Reset() => _words = default;

    private RoomRefill Refill<TRegisters>(TRegisters window)
        where TRegisters : struct, IRegisterWindow
    {
        long word = Volatile.Read(ref _words.Rooms);
        if ((int)word > 0)
            return RoomRefill.Added;

        int unused = (int)(word >> UnusedShift);
        ulong room = window.Read(SislHostMap.CmdRoom);
        if (room == SislHostMap.AllOnes)
            return RoomRefill.Lost;

        int added = (int)Math.Min(room, (ulong)_limit) - unused;
        if (added <= 0)
            return RoomRefill.None;

        Interlocked.Add(ref _words.Rooms, added);
        return RoomRefill.Added;
    }

    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct Words
    {
        [FieldOffset(64)]
        internal long Rooms;

        [FieldOffset(72)]
        internal int Refilling;
    }
}
