using System.Diagnostics;
using System.Numerics;

namespace FlashKV.Index;

/// <summary>
/// The 32 classes of record length that an index entry can tell apart, so that a get knows how
/// much to read before it has seen the record.
/// </summary>
/// <remarks>
/// Classes 0-7 go up to 1 KiB in steps of 128 bytes; 8-23 up to 256 KiB in two steps per doubling
/// (1.5, 2, 3, 4, 6 ... KiB); 24-31 up to 64 MiB by doubling. A record is shorter than its bound
/// by less than 128 bytes, a third of the bound, or half of it.
/// </remarks>
internal static class SizeClass
{
    /// <summary>The number of classes.</summary>
    public const int Count = 1 << IndexEntry.SizeClassBits;

    /// <summary>The longest record that has a class, in bytes.</summary>
    public const int MaxLength = 64 << 20;

    private const int FineStep = 128;
    private const int FineCount = 8;
    private const int FineLimit = FineStep * FineCount;
    private const int FineLimitLog2 = 10;
    private const int HalfStepCount = 16;
    private const int HalfStepLimitLog2 = FineLimitLog2 + HalfStepCount / 2;

    /// <summary>Gives the class of a record.</summary>
    /// <param name="length">Bytes, 1 to <see cref="MaxLength"/>.</param>
    public static int FromLength(int length)
    {
        Debug.Assert(length is > 0 and <= MaxLength, "record length out of range");
        if (length <= FineLimit)
        {
            return (length - 1) / FineStep;
        }

        int log2 = BitOperations.Log2((uint)(length - 1)); // 2^log2 < length <= 2^(log2 + 1)
        if (log2 >= HalfStepLimitLog2)
        {
            return FineCount + HalfStepCount + (log2 - HalfStepLimitLog2);
        }

        int upperHalf = length > 3 << (log2 - 1) ? 1 : 0;
        return FineCount + 2 * (log2 - FineLimitLog2) + upperHalf;
    }

    /// <summary>Gives the longest record of a class, in bytes.</summary>
    /// <param name="sizeClass">0 to 31.</param>
    public static int MaxLengthOf(int sizeClass)
    {
        Debug.Assert(sizeClass is >= 0 and < Count, "size class out of range");
        if (sizeClass < FineCount)
        {
            return (sizeClass + 1) * FineStep;
        }

        int step = sizeClass - FineCount;
        if (step >= HalfStepCount)
        {
            return 2 << (HalfStepLimitLog2 + step - HalfStepCount);
        }

        int log2 = FineLimitLog2 + step / 2;
        return step % 2 == 0 ? 3 << (log2 - 1) : 2 << log2;
    }
}
