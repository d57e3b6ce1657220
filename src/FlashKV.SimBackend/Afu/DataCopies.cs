using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// Takes the data of a batch from the client to an arena before the medium is asked, and what it
/// has read back to the client afterwards. Used for memory that is copied; one call of the system
/// for all commands that have good addresses.
/// </summary>
internal sealed class DataCopies<TMemory>(int capacity)
    where TMemory : struct, IHostMemory
{
    private readonly ClientRange[] _ranges = new ClientRange[capacity];
    private readonly int[] _commands = new int[capacity];
    private int _count;

    /// <summary>Gives every command its place in the arena, and fetches what is written.</summary>
    /// <param name="arena">An empty arena with room for all of them.</param>
    /// <param name="commands">The batch; commands with bad addresses are ended.</param>
    /// <param name="decoder">Their decoder.</param>
    internal void CopyIn(
        BounceArena arena, Span<AfuCommand> commands, in CommandDecoder<TMemory> decoder)
    {
        _count = 0;
        for (int i = 0; i < commands.Length; i++)
        {
            ref AfuCommand command = ref commands[i];
            if (command.HasTransfer && command.Operation != MediumOperation.Discard)
            {
                command.Data = arena.Take(ByteCountOf(in command));
                if (command.Operation != MediumOperation.Read)
                {
                    Add(i, in command);
                }
            }
        }

        Copy(commands, isRead: true, in decoder);
    }

    /// <summary>Takes to the client what was read.</summary>
    /// <param name="commands">The batch after its transfers.</param>
    /// <param name="decoder">Their decoder.</param>
    internal void CopyOut(Span<AfuCommand> commands, in CommandDecoder<TMemory> decoder)
    {
        _count = 0;
        for (int i = 0; i < commands.Length; i++)
        {
            ref AfuCommand command = ref commands[i];
            if (command.HasTransfer && command.Operation == MediumOperation.Read
                && command.Result.ScsiRc == SislScsiRc.Good)
            {
                Add(i, in command);
            }
        }

        Copy(commands, isRead: false, in decoder);
    }

    private void Add(int index, in AfuCommand command)
    {
        _commands[_count] = index;
        _ranges[_count++] =
            new ClientRange(command.DataAddress, command.Data, ByteCountOf(in command));
    }

    private void Copy(
        Span<AfuCommand> commands, bool isRead, in CommandDecoder<TMemory> decoder)
    {
        for (int done = 0; done < _count; done++)
        {
            ReadOnlySpan<ClientRange> rest = _ranges.AsSpan(done.._count);
            done += isRead
                ? decoder.Memory.ReadRanges(rest) : decoder.Memory.WriteRanges(rest);
            if (done < _count)
            {
                ref AfuCommand bad = ref commands[_commands[done]];
                bad.HasTransfer = false;
                bad.Result = decoder.BadData(bad.DataAddress, isStore: !isRead);
            }
        }
    }

    private static int ByteCountOf(in AfuCommand command) =>
        (command.RepeatsBlock ? 1 : command.BlockCount) * CxlflashLimits.BlockSize;
}
