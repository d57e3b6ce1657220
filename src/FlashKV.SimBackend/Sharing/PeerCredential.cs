using System.Runtime.InteropServices;

namespace FlashKV.SimBackend.Sharing;

/// <summary>
/// struct ucred: who is at the other end of a socket, as the system says. Source: sys/socket.h.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 12)]
internal readonly struct PeerCredential
{
    /// <summary>The process.</summary>
    [field: FieldOffset(0)]
    internal int ProcessId { get; }

    /// <summary>Its user.</summary>
    [field: FieldOffset(4)]
    internal uint User { get; }

    /// <summary>Its group.</summary>
    [field: FieldOffset(8)]
    internal uint Group { get; }
}
