using FlashKV.Superpipe.Abi;

namespace FlashKV.Superpipe.Commands;

/// <summary>What is done to the data path while nobody else uses it.</summary>
internal sealed unsafe partial class CommandQueue<TRegisters>
{
    /// <summary>
    /// Tells a new context of fresh rings, in the order that the adapter expects. Alone.
    /// </summary>
    /// <returns><see langword="false"/> when the adapter reads all ones.</returns>
    internal bool Connect(TRegisters window, ushort contextHandle)
    {
        _window = window;
        _contextHandle = contextHandle;
        _responses.Switch();
        _submissions.Restart();
        _rooms.Reset();
        _sawAllOnes = false;
        _askedAt = -1;

        window.Write(SislHostMap.RrqStart, _responses.Start);
        window.Write(SislHostMap.RrqEnd, _responses.End);
        if (UsesSubmissionQueue)
        {
            window.Write(SislHostMap.SqStart, _submissions.Start);
            window.Write(SislHostMap.SqEnd, _submissions.End);
        }

        window.Write(SislHostMap.CtxCtrl, SislLisn.SyncError);
        window.Write(SislHostMap.IntrMask, ~(ulong)SislSyncInterrupts.ClientUnmask);
        ulong control = window.Read(SislHostMap.CtxCtrl);
        CanUnmap = (control & SislHostMap.UnmapSupported) != 0;
        return control != SislHostMap.AllOnes;
    }

    /// <summary>
    /// Whether the adapter reads all ones. Alone, or where the window cannot change.
    /// </summary>
    internal bool IsLost => _window.Read(SislHostMap.CmdRoom) == SislHostMap.AllOnes;

    /// <summary>
    /// Looks at a context reset, which <paramref name="begin"/> asks for. Alone.
    /// </summary>
    /// <returns>The reset register.</returns>
    internal ulong ContextReset(bool begin)
    {
        int register = UsesSubmissionQueue ? SislHostMap.SqCtxReset : SislHostMap.Ioarrin;
        if (begin)
            _window.Write(register, SislHostMap.ContextReset);
        else
            _window.Wait();
        return _window.Read(register);
    }

    /// <summary>
    /// Gives every command in flight back to the thread that waits for it. The AFU must have lost
    /// them. Alone.
    /// </summary>
    /// <returns>The number of commands.</returns>
    internal int TakeBack(CommandStatus status)
    {
        int count = 0;
        for (int index = 0; index < Memory.Count; index++)
        {
            // SAFETY: index is below Count; nobody else is at work.
            if (Memory.State(index)->Status != CommandStatus.InFlight)
                continue;

            Return(index, status);
            count++;
        }

        // How many rooms a reset leaves is for the register to say.
        _rooms.Reset();
        Generation++;
        return count;
    }

    /// <summary>Marks the commands in flight that use an address which the AFU could not.</summary>
    internal void MarkFaulted(ulong address)
    {
        for (int index = 0; index < Memory.Count; index++)
        {
            // SAFETY: as in TakeBack.
            CommandState* state = Memory.State(index);
            if (state->Status == CommandStatus.InFlight && Uses(index, address))
                state->Faulted = 1;
        }
    }

    private bool Uses(int index, ulong address)
    {
        SislIoarcb* command = Memory.Ioarcb(index);
        return address - command->DataEa < command->DataLen
            || address - (ulong)command < CommandMemory.BlockSizeInBytes;
    }
}
