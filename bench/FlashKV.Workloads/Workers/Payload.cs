using System.Buffers.Binary;

namespace FlashKV.Workloads.Workers;

/// <summary>
/// The keys and values of records, by number. Keys of neighbouring numbers lie far apart in order;
/// a value says whose it is and which version, at both ends, so that a wrong, an old half or a torn
/// value is noticed.
/// </summary>
internal static class Payload
{
    public const int MinKeyBytes = 16;
    public const int MinValueBytes = 24;

    private const int VersionOffset = 8;
    private const int PatternOffset = 16;
    private const int PatternStep = 31;

    /// <summary>Writes the key of a record: its number scrambled, then in clear.</summary>
    public static void WriteKey(Span<byte> key, long number)
    {
        BinaryPrimitives.WriteUInt64BigEndian(key, Mix((ulong)number));
        key[8..^8].Fill((byte)'k');
        BinaryPrimitives.WriteInt64BigEndian(key[^8..], number);
    }

    /// <summary>The number that a key was made from.</summary>
    public static long NumberOf(ReadOnlySpan<byte> key) =>
        BinaryPrimitives.ReadInt64BigEndian(key[^8..]);

    /// <summary>Writes what values of one length have in common.</summary>
    public static void WritePattern(Span<byte> value)
    {
        for (int i = 0; i < value.Length; i++)
        {
            value[i] = (byte)(i * PatternStep);
        }
    }

    /// <summary>Makes a value that has the pattern that of a record.</summary>
    public static void Stamp(Span<byte> value, long number, long version)
    {
        BinaryPrimitives.WriteInt64LittleEndian(value, number);
        BinaryPrimitives.WriteInt64LittleEndian(value[VersionOffset..], version);
        BinaryPrimitives.WriteUInt64LittleEndian(value[^8..], Seal(number, version));
    }

    /// <summary>Throws unless both ends of a value belong to a record and to one version.</summary>
    public static void Check(ReadOnlySpan<byte> value, int length, long number)
    {
        if (value.Length != length
            || BinaryPrimitives.ReadInt64LittleEndian(value) != number
            || BinaryPrimitives.ReadUInt64LittleEndian(value[^8..])
                != Seal(number, BinaryPrimitives.ReadInt64LittleEndian(value[VersionOffset..])))
        {
            ThrowWrong(value, number);
        }
    }

    /// <summary>The same, and every byte between.</summary>
    public static void CheckWhole(ReadOnlySpan<byte> value, int length, long number)
    {
        Check(value, length, number);
        for (int i = PatternOffset; i < value.Length - 8; i++)
        {
            if (value[i] != (byte)(i * PatternStep))
            {
                ThrowWrong(value, number);
            }
        }
    }

    /// <summary>A one-to-one scrambling of 64 bits.</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    private static ulong Seal(long number, long version) =>
        ((ulong)number * 0x9E3779B97F4A7C15) ^ (ulong)version;

    private static void ThrowWrong(ReadOnlySpan<byte> value, long number) =>
        throw new InvalidOperationException(
            $"The value of record {number} is wrong; {value.Length} bytes: "
            + Convert.ToHexString(value[..Math.Min(value.Length, 64)]));
}
