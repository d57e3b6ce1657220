using System.Runtime.InteropServices;

namespace FlashKV.SimBackend;

/// <summary>One request to the kernel. 64 bytes, struct io_uring_sqe.</summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct UringSubmission
{
    internal const int SizeInBytes = 64;

    internal const byte ReadVector = 1;
    internal const byte WriteVector = 2;
    internal const byte Read = 22;
    internal const byte Write = 23;

    /// <summary>IOSQE_FIXED_FILE: <see cref="File"/> is an index of registered files.</summary>
    internal const byte FixedFile = 1;

    [FieldOffset(0)]
    internal byte Opcode;

    [FieldOffset(1)]
    internal byte Flags;

    [FieldOffset(4)]
    internal int File;

    [FieldOffset(8)]
    internal long Offset;

    /// <summary>The address of the memory, or of the vector.</summary>
    [FieldOffset(16)]
    internal nint Address;

    /// <summary>The length in bytes, or of the vector in elements.</summary>
    [FieldOffset(24)]
    internal int Length;

    /// <summary>RWF_ flags.</summary>
    [FieldOffset(28)]
    internal int TransferFlags;

    /// <summary>Comes back with the completion.</summary>
    [FieldOffset(32)]
    internal ulong UserData;
}
