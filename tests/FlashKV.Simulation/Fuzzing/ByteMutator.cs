using System.Buffers.Binary;

namespace FlashKV.Simulation.Fuzzing;

/// <summary>Changes valid bytes a little, in the ways that decoders are likely to mistake.</summary>
internal static class ByteMutator
{
    private static readonly long[] s_interesting =
    [
        0, 1, -1, 2, 7, 8, 16, 63, 64, 127, 128, 255, 256, 4_095, 4_096, 65_535, 65_536,
        short.MaxValue, short.MinValue, int.MaxValue, int.MinValue, int.MaxValue - 7,
        uint.MaxValue, uint.MaxValue - 7, long.MaxValue, long.MinValue, 1 << 18, 1 << 20, 1 << 24,
    ];

    /// <summary>Makes one to four changes in place.</summary>
    public static void Mutate(Span<byte> bytes, Random random)
    {
        for (int i = random.Next(1, 5); i > 0 && !bytes.IsEmpty; i--)
        {
            Change(bytes, random);
        }
    }

    /// <summary>Gives a copy with changes that may be shorter or longer.</summary>
    /// <param name="bytes">The valid bytes.</param>
    /// <param name="other">Other valid bytes, parts of which are put in.</param>
    /// <param name="random">What all choices come from.</param>
    public static byte[] Resize(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> other, Random random)
    {
        int cut = random.Next(bytes.Length + 1);
        int from = random.Next(other.Length + 1);
        int length = random.Next(Math.Min(other.Length - from, 200) + 1);
        byte[] changed = random.Next(4) switch
        {
            0 => [.. bytes[..cut]],
            1 => [.. bytes[..cut], .. other.Slice(from, length), .. bytes[cut..]],
            2 => [.. bytes[..cut], .. other[from..]],
            _ => [.. bytes],
        };
        Mutate(changed, random);
        return changed;
    }

    private static void Change(Span<byte> bytes, Random random)
    {
        int at = random.Next(bytes.Length);
        switch (random.Next(6))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                bytes[at] = (byte)random.Next(256);
                break;
            case 2:
                int length = Math.Min(random.Next(1, 64), bytes.Length - at);
                bytes.Slice(random.Next(bytes.Length - length + 1), length)
                    .CopyTo(bytes[at..]);
                break;
            default:
                WriteNumber(bytes, at, random);
                break;
        }
    }

    private static void WriteNumber(Span<byte> bytes, int at, Random random)
    {
        long value = s_interesting[random.Next(s_interesting.Length)];
        int width = 1 << random.Next(1, 4);
        Span<byte> field = bytes[(at / width * width)..];
        if (field.Length < width)
        {
            return;
        }

        Span<byte> number = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(number, value);
        number[..width].CopyTo(field);
    }
}
