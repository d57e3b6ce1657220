using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace FlashKV.Log;

/// <summary>CRC-32C (Castagnoli), by the processor's instruction where it has one.</summary>
internal static class Crc32C
{
    /// <summary>
    /// The checksum of <paramref name="data"/>; continues from <paramref name="seed"/>.
    /// </summary>
    public static uint Compute(ReadOnlySpan<byte> data, uint seed = 0) => ~GoOn(~seed, data);

    /// <summary>
    /// The checksums of three pieces of data, each with its seed, in little more time than that of
    /// one takes: the instruction has a latency of three cycles.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static (uint First, uint Second, uint Third) Compute(
        ReadOnlySpan<byte> first,
        uint firstSeed,
        ReadOnlySpan<byte> second,
        uint secondSeed,
        ReadOnlySpan<byte> third,
        uint thirdSeed)
    {
        (uint a, uint b, uint c) = (~firstSeed, ~secondSeed, ~thirdSeed);
        int length = Math.Min(first.Length, Math.Min(second.Length, third.Length));
        int offset = 0;
        for (; offset <= length - sizeof(ulong); offset += sizeof(ulong))
        {
            a = BitOperations.Crc32C(a, WordAt(first, offset));
            b = BitOperations.Crc32C(b, WordAt(second, offset));
            c = BitOperations.Crc32C(c, WordAt(third, offset));
        }

        return (
            ~GoOn(a, first[offset..]), ~GoOn(b, second[offset..]), ~GoOn(c, third[offset..]));
    }

    private static ulong WordAt(ReadOnlySpan<byte> data, int offset) =>
        BinaryPrimitives.ReadUInt64LittleEndian(data[offset..]);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static uint GoOn(uint crc, ReadOnlySpan<byte> data)
    {
        while (data.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(data));
            data = data[sizeof(ulong)..];
        }

        if (data.Length >= sizeof(uint))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt32LittleEndian(data));
            data = data[sizeof(uint)..];
        }

        foreach (byte value in data)
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return crc;
    }
}
