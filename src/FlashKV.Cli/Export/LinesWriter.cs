using System.Buffers;
using FlashKV.Cli.Text;

namespace FlashKV.Cli.Export;

/// <summary>
/// Key, tab and value a line, both in the notation of <see cref="ByteNotation"/>; or keys alone.
/// <c>import --format lines --escaped</c> reads it back.
/// </summary>
internal sealed class LinesWriter(Stream output, bool keysOnly) : RecordWriter(output)
{
    protected override void Append(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        ByteNotation.Escape(key, Pending);
        if (!keysOnly)
        {
            Pending.Write("\t"u8);
            ByteNotation.Escape(value, Pending);
        }

        Pending.Write("\n"u8);
    }
}
