using FlashKV.SimBackend.Sharing;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Tests.Sharing;

/// <summary>Messages as bytes (docs/adapter-protocol.md).</summary>
public sealed class MessageFormatTests
{
    // READ_REGISTER of cmd_room on file 0x0123456789.
    private static readonly byte[] s_example =
    [
        0x06, 0x00, 0x00, 0x00, 0x20, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x89, 0x67, 0x45, 0x23, 0x01, 0x00, 0x00, 0x00,
        0x38, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    ];

    [Fact]
    public void The_worked_example_is_what_is_written()
    {
        MessageWriter writer = new(new byte[64], MessageType.ReadRegister);
        writer.Add64(0x01_2345_6789);
        writer.Add32(0x38);
        writer.Add32(0);
        Assert.Equal(s_example, writer.Finish());
    }

    [Fact]
    public void A_reply_carries_type_sequence_errno_and_descriptors()
    {
        Assert.True(MessageReader.TryRead(s_example, out MessageReader request));
        MessageWriter writer = MessageWriter.Reply(
            new byte[64], in request, Errno.BadAddress, descriptors: 1);
        writer.Add64(5);
        Assert.True(MessageReader.TryRead(writer.Finish(), out MessageReader reply));
        Assert.Equal(0x8006, (int)reply.Type);
        Assert.Equal(1, (int)reply.Flags);
        Assert.Equal(Errno.BadAddress, reply.Errno);
        Assert.Equal(5UL, reply.Take64());
        Assert.True(reply.IsWhole);
    }

    [Fact]
    public void A_message_cut_short_anywhere_is_not_whole()
    {
        for (int length = 0; length < s_example.Length; length++)
        {
            byte[] cut = s_example[..length];
            Assert.False(MessageReader.TryRead(cut, out _));
            if (length >= AdapterProtocol.HeaderBytes)
            {
                // Even if its header states the length that it has.
                BitConverter.TryWriteBytes(cut.AsSpan(4), length);
                Assert.True(MessageReader.TryRead(cut, out MessageReader reader));
                reader.Take64();
                reader.Take32();
                reader.SkipZero32();
                Assert.False(reader.IsWhole);
            }
        }
    }

    [Fact]
    public void Reserved_words_that_are_not_zero_spoil_a_message()
    {
        byte[] message = [.. s_example];
        message[28] = 1;
        Assert.True(MessageReader.TryRead(message, out MessageReader reader));
        reader.Take64();
        reader.Take32();
        reader.SkipZero32();
        Assert.False(reader.IsWhole);
    }

    [Fact]
    public void A_count_beyond_the_message_gives_nothing()
    {
        Assert.True(MessageReader.TryRead(s_example, out MessageReader reader));
        Assert.True(reader.TakeBytes(uint.MaxValue).IsEmpty);
        Assert.False(reader.IsWhole);
        Assert.Equal(0UL, reader.Take64());
    }
}
