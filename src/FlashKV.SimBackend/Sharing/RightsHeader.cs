using System.Runtime.InteropServices;

namespace FlashKV.SimBackend.Sharing;

/// <summary>
/// struct cmsghdr of 64-bit Linux with one descriptor behind it: 20 bytes of 24. Source:
/// bits/socket.h.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct RightsHeader
{
    internal const int SizeInBytes = 24;
    internal const int LengthInBytes = 20;

    [FieldOffset(0)]
    internal nuint Length;

    [FieldOffset(8)]
    internal int Level;

    [FieldOffset(12)]
    internal int Type;

    [FieldOffset(16)]
    internal int Descriptor;
}
