using System.Buffers.Binary;
using System.Text;

namespace FlashKV.Clones;

/// <summary>The first message of a reader, and what it gets if it is refused.</summary>
/// <param name="Ticket">The clone that was prepared for it; 0 for a new one.</param>
internal readonly record struct CloneHello(ulong Ticket)
{
    public const uint Magic = 0x4C43_4B46; // "FKCL"
    public const int VersionOffset = sizeof(uint);
    public const int TicketOffset = VersionOffset + sizeof(uint);
    public const int SizeInBytes = TicketOffset + sizeof(ulong);

    /// <summary>The longest refusal.</summary>
    public const int LongestRefusal = 4096;

    /// <summary>Sends it.</summary>
    public bool TrySend(CloneSocket socket, uint version = CloneSocket.ProtocolVersion)
    {
        Span<byte> content = stackalloc byte[SizeInBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(content, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(content[VersionOffset..], version);
        BinaryPrimitives.WriteUInt64LittleEndian(content[TicketOffset..], Ticket);
        return socket.TrySend(CloneMessage.Hello, content);
    }

    /// <summary>Receives it; refuses what is none, or is of another version.</summary>
    public static CloneHello? Receive(CloneSocket socket)
    {
        if (!socket.TryReceive(SizeInBytes, out CloneMessage type, out byte[] content)
            || type != CloneMessage.Hello || content.Length != SizeInBytes
            || BinaryPrimitives.ReadUInt32LittleEndian(content) != Magic)
        {
            return null;
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(content.AsSpan(VersionOffset));
        if (version != CloneSocket.ProtocolVersion)
        {
            Refuse(
                socket,
                CloneRefusal.OtherVersion,
                $"the store's process speaks version {CloneSocket.ProtocolVersion} of the "
                + $"protocol, this one {version}");
            return null;
        }

        return new CloneHello(
            BinaryPrimitives.ReadUInt64LittleEndian(content.AsSpan(TicketOffset)));
    }

    /// <summary>Says why there is no clone.</summary>
    public static void Refuse(CloneSocket socket, CloneRefusal reason, string detail)
    {
        byte[] text = Encoding.UTF8.GetBytes(detail);
        byte[] content = new byte[Math.Min(sizeof(uint) + text.Length, LongestRefusal)];
        BinaryPrimitives.WriteUInt32LittleEndian(content, (uint)reason);
        text.AsSpan(0, content.Length - sizeof(uint)).CopyTo(content.AsSpan(sizeof(uint)));
        _ = socket.TrySend(CloneMessage.Refused, content);
    }

    /// <summary>Reads what <see cref="Refuse"/> has sent.</summary>
    public static CloneRefusedException ReadRefusal(ReadOnlySpan<byte> content)
    {
        CloneRefusal reason = content.Length < sizeof(uint)
            ? CloneRefusal.Protocol
            : (CloneRefusal)BinaryPrimitives.ReadUInt32LittleEndian(content);
        return new CloneRefusedException(
            Enum.IsDefined(reason) ? reason : CloneRefusal.Protocol,
            content.Length <= sizeof(uint)
                ? "the store does not say why"
                : CloneSocket.TextOf(content[sizeof(uint)..]));
    }
}
