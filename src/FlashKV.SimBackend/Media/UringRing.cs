using System.Diagnostics;
using System.Runtime.ConstrainedExecution;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace FlashKV.SimBackend;

/// <summary>
/// The two rings that a thread shares with the kernel: submissions to it, completions from it. One
/// thread at a time uses a ring; which one may change, so no flag ties it to one.
/// </summary>
/// <remarks>
/// Each word has one writer. Ours are written with release semantics after what they announce, the
/// kernel's are read with acquire semantics before what they announce.
/// </remarks>
internal sealed unsafe class UringRing : CriticalFinalizerObject, IDisposable
{
    private const nint MapFailed = -1;

    // How long a disk may be silent before its client hears that nothing has ended. Who waits looks
    // at the clock once in a few hundred such rounds.
    private static readonly TimeSpan s_longestWait = TimeSpan.FromMilliseconds(10);

    private readonly UringKernel _kernel;
    private readonly TimeSpan? _longestWait;
    private readonly SafeFileHandle _ring;
    private readonly nuint _ringBytes;
    private readonly nuint _submissionBytes;
    private nint _rings = MapFailed;
    private nint _submissions = MapFailed;
    private uint* _submissionTail;
    private uint* _completionHead;
    private uint* _completionTail;
    private UringCompletion* _completions;
    private uint _submissionMask;
    private uint _completionMask;

    // Ours: the tail that will be written next, how far the kernel has come, and the head.
    private uint _tail;
    private uint _sent;
    private uint _head;

    private UringRing(UringKernel kernel, SafeFileHandle ring, in UringParameters parameters)
    {
        _kernel = kernel;
        _longestWait = (parameters.Features & UringParameters.WaitsWithLimit) != 0
            ? s_longestWait : null;
        _ring = ring;
        Entries = (int)parameters.SubmissionEntries;
        _submissionBytes = parameters.SubmissionEntries * UringSubmission.SizeInBytes;
        _ringBytes = Math.Max(
            parameters.SubmissionArray + (parameters.SubmissionEntries * sizeof(uint)),
            parameters.Completions
                + (parameters.CompletionEntries * UringCompletion.SizeInBytes));
    }

    ~UringRing() => Free();

    /// <summary>The most submissions that the kernel has not taken yet.</summary>
    internal int Entries { get; }

    /// <summary>Whether <see cref="Enter"/> comes back from a wait in which nothing ends.</summary>
    internal bool WaitsWithLimit => _longestWait is not null;

    /// <summary>The submissions that the kernel has not taken yet.</summary>
    internal int Unsent => (int)(_tail - _sent);

    /// <summary>Makes a ring for transfers of one file.</summary>
    /// <param name="entries">The wanted <see cref="Entries"/>, a power of two.</param>
    /// <param name="file">The file, number 0 in submissions. The ring keeps it open.</param>
    /// <param name="kernel">Who is asked.</param>
    /// <returns><see langword="null"/> where the system refuses.</returns>
    internal static UringRing? TryCreate(int entries, SafeFileHandle file, UringKernel kernel)
    {
        Debug.Assert(
            sizeof(UringParameters) == UringParameters.SizeInBytes, "as the kernel has it");
        UringParameters parameters = new() { Flags = UringParameters.Clamp };
        int descriptor = kernel.Setup(entries, ref parameters);
        if (descriptor < 0)
        {
            return null;
        }

        UringRing ring = new(
            kernel, new SafeFileHandle(descriptor, ownsHandle: true), in parameters);
        if ((parameters.Features & UringParameters.NeededFeatures)
                == UringParameters.NeededFeatures
            && ring.TryMap(in parameters)
            && kernel.RegisterFile(ring._ring, file) == 0)
        {
            return ring;
        }

        ring.Dispose();
        return null;
    }

    /// <summary>A new submission, zeroed. It is taken by the next <see cref="Enter"/>.</summary>
    internal UringSubmission* Add()
    {
        Debug.Assert(Unsent < Entries, "room in the ring");

        // SAFETY: the mask keeps the index inside the mapping, and the kernel has taken what was
        // in this place before, for no more than Entries are unsent.
        UringSubmission* submission =
            (UringSubmission*)_submissions + (_tail++ & _submissionMask);
        *submission = default;
        return submission;
    }

    /// <summary>Takes back the newest submission that is still unsent.</summary>
    /// <returns>Its user data.</returns>
    internal ulong Withdraw()
    {
        Debug.Assert(Unsent > 0, "something to take back");

        // SAFETY: as in Add. The kernel looks at the ring only inside Enter.
        return ((UringSubmission*)_submissions + (--_tail & _submissionMask))->UserData;
    }

    /// <summary>
    /// Hands over what is unsent and waits for completions, but not for ever where the kernel can
    /// end a wait.
    /// </summary>
    /// <param name="least">How many completions to wait for.</param>
    /// <returns>0, also when the wait was ended; or the error number.</returns>
    internal int Enter(int least)
    {
        // SAFETY: the mappings live until Dispose.
        Volatile.Write(ref *_submissionTail, _tail);
        int taken = _kernel.Enter(_ring, Unsent, least, _longestWait);
        if (taken < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            return error == LibC.ErrorTimer ? 0 : error;
        }

        _sent += (uint)taken;
        return 0;
    }

    /// <summary>Takes the next completion, if there is one. No system call.</summary>
    internal bool TryTake(out UringCompletion completion)
    {
        // SAFETY: as in Enter; the mask keeps the index inside the mapping.
        if (_head == Volatile.Read(ref *_completionTail))
        {
            completion = default;
            return false;
        }

        completion = _completions[_head++ & _completionMask];
        Volatile.Write(ref *_completionHead, _head);
        return true;
    }

    /// <summary>Gives the rings and the file back. Nothing may be under way.</summary>
    public void Dispose()
    {
        if (!_ring.IsClosed)
        {
            _ = UringCalls.UnregisterFile(_ring);
        }

        Free();
        GC.SuppressFinalize(this);
    }

    private bool TryMap(in UringParameters parameters)
    {
        _rings = UringCalls.MapRings(_ring, _ringBytes);
        _submissions = UringCalls.MapSubmissions(_ring, _submissionBytes);
        if (_rings == MapFailed || _submissions == MapFailed)
        {
            return false;
        }

        // SAFETY: the kernel gave the offsets and the sizes, and they were mapped whole.
        byte* rings = (byte*)_rings;
        _submissionTail = (uint*)(rings + parameters.SubmissionTail);
        _submissionMask = *(uint*)(rings + parameters.SubmissionMask);
        _completionHead = (uint*)(rings + parameters.CompletionHead);
        _completionTail = (uint*)(rings + parameters.CompletionTail);
        _completionMask = *(uint*)(rings + parameters.CompletionMask);
        _completions = (UringCompletion*)(rings + parameters.Completions);
        uint* array = (uint*)(rings + parameters.SubmissionArray);
        for (uint i = 0; i < parameters.SubmissionEntries; i++)
        {
            array[i] = i;
        }

        return true;
    }

    private void Free()
    {
        if (_rings != MapFailed)
        {
            _ = UringCalls.Unmap(_rings, _ringBytes);
            _rings = MapFailed;
        }

        if (_submissions != MapFailed)
        {
            _ = UringCalls.Unmap(_submissions, _submissionBytes);
            _submissions = MapFailed;
        }

        _ring.Dispose();
    }
}
