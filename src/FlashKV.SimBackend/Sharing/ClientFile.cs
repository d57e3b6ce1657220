namespace FlashKV.SimBackend.Sharing;

/// <summary>A descriptor of this process that a server has given.</summary>
/// <param name="Id">What the server calls it.</param>
/// <param name="Socket">The descriptor.</param>
/// <param name="IsContext">Whether it is a context's.</param>
internal sealed record class ClientFile(ulong Id, PacketSocket Socket, bool IsContext);
