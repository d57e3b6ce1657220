using System.Runtime.InteropServices;

namespace FlashKV.SimBackend.Sharing;

/// <summary>struct msghdr of 64-bit Linux: 56 bytes. Source: bits/socket.h.</summary>
[StructLayout(LayoutKind.Explicit, Size = 56)]
internal unsafe struct MessageHeader
{
    [FieldOffset(0)]
    internal byte* Name;

    [FieldOffset(8)]
    internal uint NameLength;

    [FieldOffset(16)]
    internal IoVector* Vectors;

    [FieldOffset(24)]
    internal nuint VectorCount;

    [FieldOffset(32)]
    internal byte* Control;

    [FieldOffset(40)]
    internal nuint ControlLength;

    [FieldOffset(48)]
    internal int Flags;
}
