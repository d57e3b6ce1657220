using System.Diagnostics;
using System.Runtime.ConstrainedExecution;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace FlashKV.SimBackend;

/// <summary>Reads and writes of one file under way by io_uring.</summary>
/// <remarks>
/// What the kernel does not do as asked (a short transfer, an interruption, a flag that it does not
/// know) is not tried again here but reported as not executed.
/// </remarks>
internal sealed unsafe class UringTransferQueue : TransferQueue, IDisposable
{
    private const int Entries = 256;

    // The transfers that are handed over as soon as a device has little to do.
    private const long SmallBytes = 64 << 10;

    // A thread that sleeps in the kernel comes back some microseconds after an end, and with several
    // under way the next end is as near. So it looks for a while before; but after a few vain looks
    // only now and then.
    private const int FewestToLook = 4;
    private const int MaxVainLooks = 4;
    private const int WaitsBetweenLooks = 32;
    private const int PausesBetweenLooks = 4;

    private static readonly long s_lookTicks = Stopwatch.Frequency / 50_000;

    // Vectors are read by the kernel when it takes their submission, so these serve all of them.
    private const int VectorCount = IoVector.MaxCount;

    private readonly UringRing _ring;
    private readonly VectorMemory _vectors = new();
    private int _vectorsUsed;
    private int _vainLooks;
    private int _waits;

    private UringTransferQueue(UringRing ring) => _ring = ring;

    /// <inheritdoc/>
    internal override int Capacity => _ring.Entries;

    /// <summary>Makes a queue.</summary>
    /// <param name="file">The file, open for direct I/O.</param>
    /// <param name="kernel">Who is asked.</param>
    /// <returns><see langword="null"/> where the system refuses io_uring.</returns>
    internal static UringTransferQueue? TryCreate(SafeFileHandle file, UringKernel kernel)
    {
        UringRing? ring = UringRing.TryCreate(Entries, file, kernel);
        return ring is null ? null : new UringTransferQueue(ring);
    }

    /// <inheritdoc/>
    internal override bool TryStart(
        in MediumTransfer transfer, ReadOnlySpan<MemoryRun> runs, int tag)
    {
        Debug.Assert(tag >= 0, "tags are not negative");
        ReadOnlySpan<MemoryRun> part = runs.Slice(transfer.FirstRun, transfer.RunCount);
        long bytes = transfer.BlockCount * Medium.BlockBytes;
        if (IsFull || transfer.Operation == MediumOperation.Discard || bytes > int.MaxValue
            || !MemoryRun.AreAligned(part) || !HasVectors(part.Length))
        {
            return false;
        }

        UringSubmission* submission = _ring.Add();
        submission->Flags = UringSubmission.FixedFile;
        submission->Offset = transfer.Block * Medium.BlockBytes;
        submission->TransferFlags =
            transfer.Operation == MediumOperation.WriteThrough ? LibC.WriteDataSync : 0;
        submission->UserData = ((ulong)bytes << 32) | (uint)tag;
        bool isRead = transfer.Operation == MediumOperation.Read;
        if (part.Length == 1)
        {
            submission->Opcode = isRead ? UringSubmission.Read : UringSubmission.Write;
            submission->Address = part[0].Address;
            submission->Length = part[0].ByteCount;
        }
        else
        {
            submission->Opcode = isRead ? UringSubmission.ReadVector : UringSubmission.WriteVector;
            submission->Address = (nint)FillVector(part);
            submission->Length = part.Length;
        }

        Count++;
        if (bytes <= SmallBytes)
        {
            SendIfIdle();
        }

        return true;
    }

    /// <inheritdoc/>
    internal override int Collect(Span<TransferEnd> ends, bool wait)
    {
        int count = Take(ends);
        bool mustWait = wait && count == 0 && Count > 0;
        if (_ring.Unsent == 0 && !mustWait)
        {
            return count;
        }

        if (mustWait && MayEndSoon)
        {
            count = Look(ends);
            if (count > 0)
            {
                return count;
            }
        }

        int error = Send(mustWait ? 1 : 0);
        count += Take(ends[count..]);
        if (error is LibC.ErrorTryAgain or LibC.ErrorBusy && Count > _ring.Unsent)
        {
            // The kernel wants to be rid of something first, and what is under way will end.
            return count;
        }

        return error is 0 or LibC.ErrorInterrupted ? count : count + TakeBack(ends[count..]);
    }

    /// <summary>Gives the ring back. Nothing may be under way.</summary>
    public void Dispose()
    {
        Debug.Assert(Count == 0, "the kernel may still write to clients' memory");
        _ring.Dispose();
        _vectors.Dispose();
    }

    // A device with little to do gets what there is at once: the kernel begins a group only when it
    // has taken all of it, and meanwhile fewer are under way. With much to do, few calls are better;
    // and large neighbours in a group become larger ones, which is worth more.
    private void SendIfIdle()
    {
        int sent = Count - _ring.Unsent;
        if (2 * _ring.Unsent > sent)
        {
            _ = Send(least: 0);
        }
    }

    private bool MayEndSoon => Count >= FewestToLook
        && (_vainLooks < MaxVainLooks || ++_waits % WaitsBetweenLooks == 0);

    // Waits a little without a system call, which would let the thread sleep.
    private int Look(Span<TransferEnd> ends)
    {
        if (_ring.Unsent > 0 && Send(least: 0) != 0)
        {
            return 0;
        }

        long start = Stopwatch.GetTimestamp();
        do
        {
            int count = Take(ends);
            if (count > 0)
            {
                _vainLooks = 0;
                return count;
            }

            Thread.SpinWait(PausesBetweenLooks);
        }
        while (Stopwatch.GetTimestamp() - start < s_lookTicks);

        _vainLooks++;
        return 0;
    }

    private bool HasVectors(int count)
    {
        if (count == 1)
        {
            return true;
        }

        if (count <= VectorCount && _vectorsUsed + count > VectorCount)
        {
            _ = Send(least: 0);
        }

        return _vectorsUsed + count <= VectorCount;
    }

    private IoVector* FillVector(ReadOnlySpan<MemoryRun> runs)
    {
        IoVector* vector = _vectors.Start + _vectorsUsed;
        for (int i = 0; i < runs.Length; i++)
        {
            // SAFETY: HasVectors has checked that there is room for as many.
            vector[i].Address = runs[i].Address;
            vector[i].Length = (nuint)runs[i].ByteCount;
        }

        _vectorsUsed += runs.Length;
        return vector;
    }

    private int Send(int least)
    {
        int error = _ring.Enter(least);
        if (_ring.Unsent == 0)
        {
            _vectorsUsed = 0;
        }

        return error;
    }

    private int Take(Span<TransferEnd> ends)
    {
        int count = 0;
        while (count < ends.Length && _ring.TryTake(out UringCompletion completion))
        {
            ends[count++] = EndOf(in completion);
        }

        Count -= count;
        return count;
    }

    // The kernel refuses to take any more: back to the caller with what it has not taken.
    private int TakeBack(Span<TransferEnd> ends)
    {
        int count = 0;
        while (count < ends.Length && _ring.Unsent > 0)
        {
            ends[count++] = NotExecuted(_ring.Withdraw());
        }

        Count -= count;
        return count;
    }

    private static TransferEnd EndOf(in UringCompletion completion)
    {
        int expected = (int)(completion.UserData >> 32);
        if (completion.Result == expected)
        {
            return new TransferEnd((int)completion.UserData, MediumStatus.Good, IsExecuted: true);
        }

        bool isExecuted = completion.Result < 0 && !IsWorthACall(-completion.Result);
        return isExecuted
            ? new TransferEnd(
                (int)completion.UserData, LibC.StatusOf(-completion.Result), IsExecuted: true)
            : NotExecuted(completion.UserData);
    }

    private static TransferEnd NotExecuted(ulong userData) =>
        new((int)userData, MediumStatus.MediumError, IsExecuted: false);

    private static bool IsWorthACall(int error) => error
        is LibC.ErrorInterrupted or LibC.ErrorTryAgain or LibC.ErrorInvalid
        or LibC.ErrorNotSupported or LibC.ErrorCanceled;

    private sealed class VectorMemory : CriticalFinalizerObject, IDisposable
    {
        private IoVector* _start;

        // SAFETY: freed by Dispose or by the finalizer, once.
        internal VectorMemory() =>
            _start = (IoVector*)NativeMemory.Alloc(VectorCount, (nuint)sizeof(IoVector));

        ~VectorMemory() => Free();

        internal IoVector* Start => _start;

        public void Dispose()
        {
            Free();
            GC.SuppressFinalize(this);
        }

        private void Free()
        {
            NativeMemory.Free(_start);
            _start = null;
        }
    }
}
