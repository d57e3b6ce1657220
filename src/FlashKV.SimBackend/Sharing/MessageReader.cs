using System.Buffers.Binary;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Sharing;

/// <summary>
/// Takes a message of the adapter protocol apart. Reading past the end gives zeros and is noted;
/// who has read everything asks <see cref="IsWhole"/> before using any of it.
/// </summary>
internal ref struct MessageReader
{
    private ReadOnlySpan<byte> _rest;
    private bool _isShort;

    private MessageReader(ReadOnlySpan<byte> message)
    {
        Type = (MessageType)BinaryPrimitives.ReadUInt16LittleEndian(message);
        Flags = (MessageFlags)BinaryPrimitives.ReadUInt16LittleEndian(message[2..]);
        Sequence = BinaryPrimitives.ReadUInt32LittleEndian(message[8..]);
        Errno = (Errno)BinaryPrimitives.ReadUInt32LittleEndian(message[12..]);
        _rest = message[AdapterProtocol.HeaderBytes..];
    }

    /// <summary>The type; of a reply, with <see cref="AdapterProtocol.ReplyBit"/>.</summary>
    internal MessageType Type { get; }

    /// <summary>The flags; of a reply, the number of descriptors.</summary>
    internal MessageFlags Flags { get; }

    /// <summary>The sequence number.</summary>
    internal uint Sequence { get; }

    /// <summary>The error number of a reply; 0 in a request.</summary>
    internal Errno Errno { get; }

    /// <summary>Whether everything was there, and nothing is left.</summary>
    internal readonly bool IsWhole => !_isShort && _rest.IsEmpty;

    /// <summary>The number of bytes that are left.</summary>
    internal readonly int Remaining => _rest.Length;

    /// <summary>Looks at a message.</summary>
    /// <returns><see langword="false"/> when it has no header, or states another length.</returns>
    internal static bool TryRead(ReadOnlySpan<byte> message, out MessageReader reader)
    {
        reader = default;
        if (message.Length < AdapterProtocol.HeaderBytes)
        {
            return false;
        }

        reader = new MessageReader(message);
        return BinaryPrimitives.ReadInt32LittleEndian(message[4..]) == message.Length;
    }

    /// <summary>Takes 32 bits.</summary>
    internal uint Take32()
    {
        ReadOnlySpan<byte> bytes = TakeBytes(sizeof(uint));
        return bytes.IsEmpty ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    /// <summary>Takes 64 bits.</summary>
    internal ulong Take64()
    {
        ReadOnlySpan<byte> bytes = TakeBytes(sizeof(ulong));
        return bytes.IsEmpty ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>Takes 32 bits that are reserved and must be zero.</summary>
    internal void SkipZero32()
    {
        uint reserved = Take32();
        _isShort |= reserved != 0;
    }

    /// <summary>Takes bytes.</summary>
    /// <param name="count">How many, as the other side says.</param>
    /// <returns>The bytes; empty when there are not that many.</returns>
    internal ReadOnlySpan<byte> TakeBytes(uint count)
    {
        if (count > (uint)_rest.Length)
        {
            _isShort = true;
            _rest = default;
            return default;
        }

        ReadOnlySpan<byte> taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }
}
