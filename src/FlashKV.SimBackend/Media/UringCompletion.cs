using System.Runtime.InteropServices;

namespace FlashKV.SimBackend;

/// <summary>How one request ended. 16 bytes, struct io_uring_cqe.</summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct UringCompletion
{
    internal const int SizeInBytes = 16;

    [FieldOffset(0)]
    internal ulong UserData;

    /// <summary>The bytes that were transferred, or a negative error number.</summary>
    [FieldOffset(8)]
    internal int Result;
}
