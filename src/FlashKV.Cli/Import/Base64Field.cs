using System.Buffers;
using System.Buffers.Text;

namespace FlashKV.Cli.Import;

/// <summary>Fields in which <c>export</c> writes bytes that are not text.</summary>
internal static class Base64Field
{
    /// <summary>Puts what <paramref name="text"/> stands for in place of what was there.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> text, ArrayBufferWriter<byte> output)
    {
        output.ResetWrittenCount();
        Span<byte> room = output.GetSpan(Base64.GetMaxDecodedFromUtf8Length(text.Length) + 1);
        if (Base64.DecodeFromUtf8(text, room, out _, out int length) != OperationStatus.Done)
        {
            return false;
        }

        output.Advance(length);
        return true;
    }
}
