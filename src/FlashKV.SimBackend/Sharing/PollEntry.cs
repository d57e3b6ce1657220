using System.Runtime.InteropServices;

namespace FlashKV.SimBackend.Sharing;

/// <summary>struct pollfd: 8 bytes. Source: poll.h.</summary>
[StructLayout(LayoutKind.Explicit, Size = 8)]
internal struct PollEntry
{
    [FieldOffset(0)]
    internal int Descriptor;

    [FieldOffset(4)]
    internal short Events;

    [FieldOffset(6)]
    internal short ReturnedEvents;
}
