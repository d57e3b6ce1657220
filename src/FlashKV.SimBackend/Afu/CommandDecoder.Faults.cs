using System.Runtime.CompilerServices;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <content>Commands that an injected fault may strike.</content>
internal readonly partial struct CommandDecoder<TMemory>
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    private CommandResult DecodeUnderFaults(
        ref FetchedCommand fetched, ref SislRhtEntry entry, byte needed, ref AfuCommand command)
    {
        ref SislIoarcb ioarcb = ref fetched.Ioarcb;
        if (fetched.WasDelayed || !afu.Faults.TryTake(out PlannedFault fault))
        {
            return DecodeEntry(in ioarcb, ref entry, needed, ref command);
        }

        command.IsDelayed = fault.Kind == CommandFault.Delay;
        command.LosesResponse = command.IsDelayed
            || fault.Kind is CommandFault.LostCommand or CommandFault.LostResponse;
        bool isExecuted = fault.Kind is { } kind
            ? IsExecuted(kind, needed, in ioarcb, in entry, ref command, out CommandResult ending)
            : IsExecuted(fault.Ending, out ending);
        if (!isExecuted)
        {
            return ending;
        }

        // What is wrong with the command itself comes before what goes wrong with it.
        CommandResult result = DecodeEntry(in ioarcb, ref entry, needed, ref command);
        return result.IsGood && !ending.IsGood ? ending : result;
    }

    private static bool IsExecuted(CommandEnding ending, out CommandResult result)
    {
        result = CommandResult.Of(ending);
        return ending.IsExecuted;
    }

    private bool IsExecuted(
        CommandFault fault,
        byte needed,
        in SislIoarcb ioarcb,
        in SislRhtEntry entry,
        ref AfuCommand command,
        out CommandResult result)
    {
        if (IsUnanswered(fault))
        {
            result = default;
            command.RaisesPageIn = true;
            command.LosesEntry = fault == CommandFault.ResponsePageFault;
            command.LosesResponse = !command.LosesEntry;
            return fault != CommandFault.CommandPageFault;
        }

        bool isRead = needed == SislRht.PermRead;
        bool isVirtual = SislRht.Format(entry.Fp) == 0;
        result = fault switch
        {
            CommandFault.Busy => new() { ScsiRc = SislScsiRc.Busy },
            CommandFault.QueueFull => new() { ScsiRc = SislScsiRc.QueueFull },
            CommandFault.ReservationConflict =>
                new() { ScsiRc = SislScsiRc.ReservationConflict },
            CommandFault.OutOfDataBuffers => CommandResult.Afu(SislAfuRc.OutOfDataBufs),
            CommandFault.CheckCondition =>
                CommandResult.Check(new ScsiSense(ScsiSenseKey.AbortedCommand, 0, 0)),
            CommandFault.MediumError => CommandResult.Of(MediumStatus.MediumError, isRead),
            CommandFault.OutOfSpace => CommandResult.Of(MediumStatus.OutOfSpace, isRead),
            CommandFault.ExchangeTimeout => new() { FcRc = SislFcRc.AbortPend },
            CommandFault.LinkDown => new() { FcRc = SislFcRc.LinkDown },
            CommandFault.NoLogin => new() { FcRc = SislFcRc.NoLogi },
            CommandFault.PageFault =>
                PageFault(SislAfuConfig.AutoRetryData, SislAfuRc.DataDmaErr),
            CommandFault.HandlePageFault =>
                PageFault(SislAfuConfig.AutoRetryRht, SislAfuRc.RhtDmaErr),
            CommandFault.TranslationPageFault when isVirtual =>
                PageFault(SislAfuConfig.AutoRetryLxt, SislAfuRc.LxtDmaErr),
            CommandFault.BadHandleAddress => ResourceTranslation.Failure(SislAfuRc.RhtDmaErr),
            CommandFault.BadTranslationAddress when isVirtual =>
                ResourceTranslation.Failure(SislAfuRc.LxtDmaErr),
            CommandFault.BadDataAddress => BadData(ioarcb.DataEa, isRead),
            _ => default,
        };
        return fault switch
        {
            CommandFault.LinkDown or CommandFault.NoLogin or CommandFault.LostResponse => true,
            CommandFault.LostCommand or CommandFault.Delay => false,
            _ => result.IsGood,
        };
    }

    // An AFU that retries by itself waits for the page; nobody notices.
    private CommandResult PageFault(SislAfuConfig retry, SislAfuRc code) =>
        (afu.Registers.Config & retry) != 0
            ? default
            : CommandResult.Afu(code, (byte)SislAfuDmaExtra.PageIn);

    // What cannot be told by the command's own status is told by an interrupt.
    private bool IsUnanswered(CommandFault fault)
    {
        SislAfuConfig retry = fault switch
        {
            CommandFault.CommandPageFault => SislAfuConfig.AutoRetryIoarcb,
            CommandFault.StatusPageFault => SislAfuConfig.AutoRetryIoasa,
            CommandFault.ResponsePageFault => SislAfuConfig.AutoRetryRrq,
            _ => SislAfuConfig.None,
        };
        return retry != SislAfuConfig.None && (afu.Registers.Config & retry) == 0;
    }
}
