using System.Runtime.InteropServices;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// Takes the command blocks of a batch from a client in another process, and the answers to it: one
/// call of the system for all blocks, one for all IOASAs, one for all response entries.
/// </summary>
/// <remarks>
/// What the client does not have costs the command that it belongs to, and no other: the call ends
/// there, and the next one goes on behind it.
/// </remarks>
internal sealed class CommandCopies<TMemory>(int capacity)
    where TMemory : struct, IHostMemory
{
    // The second half is the host's.
    private const int StatusBytes = SislIoasa.SizeInBytes / 2;

    private readonly SislIoarcb[] _blocks = GC.AllocateArray<SislIoarcb>(capacity, pinned: true);
    private readonly SislIoasa[] _statuses = GC.AllocateArray<SislIoasa>(capacity, pinned: true);
    private readonly ClientRange[] _ranges = new ClientRange[capacity];
    private readonly ulong[] _entries = new ulong[capacity];
    private readonly int[] _commands = new int[capacity];

    /// <summary>Fetches command blocks.</summary>
    /// <param name="memory">The client's memory.</param>
    /// <param name="addresses">Where they are.</param>
    /// <param name="fetched">Where they go.</param>
    /// <param name="isBroken">Whether one was left out, because it cannot be read.</param>
    /// <returns>How many were fetched.</returns>
    internal int Fetch(
        TMemory memory,
        ReadOnlySpan<ulong> addresses,
        Span<FetchedCommand> fetched,
        out bool isBroken)
    {
        int wanted = 0;
        foreach (ulong address in addresses)
        {
            if (address % SislIoarcb.MinAlignment == 0)
            {
                _ranges[wanted] = new ClientRange(
                    address, AddressOf(_blocks, wanted), SislIoarcb.SizeInBytes);
                wanted++;
            }
        }

        isBroken = wanted < addresses.Length;
        int count = 0;
        for (int next = 0; next < wanted; next++)
        {
            int end = next + memory.ReadRanges(_ranges.AsSpan(next..wanted));
            for (; next < end; next++)
            {
                fetched[count++].Take(in _blocks[next], _ranges[next].Address);
            }

            isBroken |= next < wanted;
        }

        return count;
    }

    /// <summary>Takes the IOASAs to the client.</summary>
    /// <param name="memory">The client's memory.</param>
    /// <param name="commands">The batch; one whose IOASA cannot be written loses its answer.</param>
    /// <param name="isForeign">Whether the client has the other byte order.</param>
    /// <param name="isBroken">Whether there was one.</param>
    internal void WriteStatuses(
        TMemory memory, Span<AfuCommand> commands, bool isForeign, out bool isBroken)
    {
        int wanted = 0;
        for (int i = 0; i < commands.Length; i++)
        {
            ref AfuCommand command = ref commands[i];
            if (!command.LosesResponse)
            {
                command.Result.WriteTo(ref _statuses[wanted], isForeign);
                _ranges[wanted] = new ClientRange(
                    command.IoasaAddress, AddressOf(_statuses, wanted), StatusBytes);
                _commands[wanted++] = i;
            }
        }

        isBroken = false;
        for (int next = 0; next < wanted; next++)
        {
            next += memory.WriteRanges(_ranges.AsSpan(next..wanted));
            if (next < wanted)
            {
                commands[_commands[next]].LosesResponse = true;
                isBroken = true;
            }
        }
    }

    /// <summary>What the response entries of a batch hold, in order.</summary>
    internal ReadOnlySpan<ulong> Handles(ReadOnlySpan<AfuCommand> commands)
    {
        int count = 0;
        foreach (ref readonly AfuCommand command in commands)
        {
            if (!command.LosesResponse)
            {
                _entries[count++] = command.ResponseAddress;
            }
        }

        return _entries.AsSpan(0, count);
    }

    // SAFETY: the arrays are pinned and live as long as this does.
    private static nint AddressOf<T>(T[] pinned, int index) =>
        Marshal.UnsafeAddrOfPinnedArrayElement(pinned, index);
}
