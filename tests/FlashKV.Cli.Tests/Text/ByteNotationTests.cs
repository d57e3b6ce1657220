using System.Buffers;
using System.Text;
using FlashKV.Cli.Text;
using FsCheck;
using FsCheck.Fluent;

namespace FlashKV.Cli.Tests.Text;

public sealed class ByteNotationTests
{
    [Fact]
    public void Any_bytes_come_back() =>
        Prop.ForAll(
            ArbMap.Default.ArbFor<byte[]>(),
            bytes => Unescape(ByteNotation.Escape(bytes)).AsSpan().SequenceEqual(bytes))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Any_text_comes_back() =>
        Prop.ForAll(
            ArbMap.Default.ArbFor<NonNull<string>>(),
            text =>
            {
                byte[] bytes = Encoding.UTF8.GetBytes(text.Get);
                return Unescape(ByteNotation.Escape(bytes)).AsSpan().SequenceEqual(bytes);
            })
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Every_single_byte_has_a_notation_of_its_own_without_control_characters()
    {
        string[] notations = Enumerable.Range(0, 256)
            .Select(value => ByteNotation.Escape([(byte)value])).ToArray();

        Assert.Equal(256, notations.Distinct(StringComparer.Ordinal).Count());
        Assert.DoesNotContain(notations, notation => notation.Any(char.IsControl));
    }

    [Theory]
    [InlineData("plain text", "plain text")]
    [InlineData("a\tb\nc\rd\\e", @"a\tb\nc\rd\\e")]
    [InlineData("Straße 東京 😀", "Straße 東京 😀")]
    [InlineData("\0\u001b[31m\u007f", @"\x00\x1b[31m\x7f")]
    [InlineData("\u0085\u2028\u202e\ufeff", @"\xc2\x85\xe2\x80\xa8\xe2\x80\xae\xef\xbb\xbf")]
    [InlineData("", "")]
    public void Text_is_shown_as_it_is_and_what_is_invisible_as_bytes(
        string text, string notation) =>
        Assert.Equal(notation, ByteNotation.Escape(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void What_is_not_text_is_shown_byte_by_byte() =>
        Assert.Equal(
            @"a\xff\xc3(\xe6\x9d", ByteNotation.Escape([0x61, 0xff, 0xc3, 0x28, 0xe6, 0x9d]));

    [Theory]
    [InlineData(@"\")]
    [InlineData(@"ab\q")]
    [InlineData(@"\x")]
    [InlineData(@"\x1")]
    [InlineData(@"\xg1")]
    [InlineData(@"\x+1")]
    [InlineData(@"\0")]
    public void An_unknown_escape_is_refused_with_its_place(string notation)
    {
        ArrayBufferWriter<byte> output = new();

        Assert.False(ByteNotation.TryUnescape(
            Encoding.UTF8.GetBytes(notation), output, out string? problem));
        int place = notation.IndexOf('\\', StringComparison.Ordinal) + 1;
        Assert.Contains($"at byte {place} ", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(@"\xAb\xaB")]
    public void Digits_may_be_large_or_small(string notation) =>
        Assert.Equal([0xab, 0xab], Unescape(notation));

    private static byte[] Unescape(string notation)
    {
        ArrayBufferWriter<byte> output = new();
        Assert.True(ByteNotation.TryUnescape(
            Encoding.UTF8.GetBytes(notation), output, out string? problem), problem);
        return output.WrittenSpan.ToArray();
    }
}
