using System.Buffers.Binary;
using System.Diagnostics;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Sharing;

/// <summary>Builds a message of the adapter protocol in a buffer.</summary>
internal ref struct MessageWriter
{
    private readonly Span<byte> _buffer;
    private int _length;

    /// <summary>Begins a request.</summary>
    internal MessageWriter(Span<byte> buffer, MessageType type, MessageFlags flags = default)
        : this(buffer, (ushort)type, (ushort)flags, sequence: 0, Errno.None)
    {
    }

    private MessageWriter(
        Span<byte> buffer, ushort type, ushort flags, uint sequence, Errno errno)
    {
        _buffer = buffer;
        Add16(type);
        Add16(flags);
        Add32(0);
        Add32(sequence);
        Add32((uint)errno);
        Debug.Assert(_length == AdapterProtocol.HeaderBytes, "the header");
    }

    /// <summary>Begins the reply to a request.</summary>
    internal static MessageWriter Reply(
        Span<byte> buffer, in MessageReader request, Errno errno, int descriptors = 0) => new(
            buffer,
            (ushort)((ushort)request.Type | AdapterProtocol.ReplyBit),
            (ushort)descriptors,
            request.Sequence,
            errno);

    /// <summary>Appends 32 bits.</summary>
    internal void Add32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer[_length..], value);
        _length += sizeof(uint);
    }

    /// <summary>Appends 64 bits.</summary>
    internal void Add64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_buffer[_length..], value);
        _length += sizeof(ulong);
    }

    /// <summary>Appends bytes.</summary>
    internal void AddBytes(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_buffer[_length..]);
        _length += bytes.Length;
    }

    /// <summary>Ends the message.</summary>
    internal readonly ReadOnlySpan<byte> Finish()
    {
        const int LengthOffset = 4;
        BinaryPrimitives.WriteInt32LittleEndian(_buffer[LengthOffset..], _length);
        return _buffer[.._length];
    }

    private void Add16(ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer[_length..], value);
        _length += sizeof(ushort);
    }
}
