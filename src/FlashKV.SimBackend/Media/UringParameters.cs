using System.Runtime.InteropServices;

namespace FlashKV.SimBackend;

/// <summary>What io_uring_setup is asked for and answers. 120 bytes, struct io_uring_params.</summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct UringParameters
{
    internal const int SizeInBytes = 120;

    /// <summary>IORING_SETUP_CLAMP: a size that is too large is cut, not refused.</summary>
    internal const uint Clamp = 1 << 4;

    /// <summary>
    /// What the code relies on, IORING_FEAT_: one mapping for both rings, no completion is ever
    /// dropped, and what a submission points to need not outlive io_uring_enter (Linux 5.5).
    /// </summary>
    internal const uint NeededFeatures = SingleMapping | NoDrop | SubmitStable;

    /// <summary>IORING_FEAT_EXT_ARG: a wait can have a limit (Linux 5.11).</summary>
    internal const uint WaitsWithLimit = 1 << 8;

    private const uint SingleMapping = 1 << 0;
    private const uint NoDrop = 1 << 1;
    private const uint SubmitStable = 1 << 2;

    [FieldOffset(0)]
    internal uint SubmissionEntries;

    [FieldOffset(4)]
    internal uint CompletionEntries;

    [FieldOffset(8)]
    internal uint Flags;

    [FieldOffset(20)]
    internal uint Features;

    // The offsets of the submission ring's words in the mapping.
    [FieldOffset(40)]
    internal uint SubmissionHead;

    [FieldOffset(44)]
    internal uint SubmissionTail;

    [FieldOffset(48)]
    internal uint SubmissionMask;

    /// <summary>The offset of the array that says which submissions are meant, in order.</summary>
    [FieldOffset(64)]
    internal uint SubmissionArray;

    // The offsets of the completion ring's words in the mapping.
    [FieldOffset(80)]
    internal uint CompletionHead;

    [FieldOffset(84)]
    internal uint CompletionTail;

    [FieldOffset(88)]
    internal uint CompletionMask;

    /// <summary>The offset of the completions.</summary>
    [FieldOffset(100)]
    internal uint Completions;
}
