using System.Buffers.Binary;

namespace FlashKV.Simulation.Fuzzing;

/// <summary>
/// Choices that are read from bytes instead of being drawn: whoever builds something from a
/// <see cref="Random"/> builds what the bytes say, and a change of a byte is a change of one choice.
/// Once the bytes are spent, every choice is the first one.
/// </summary>
internal sealed class ChoiceBytes(ReadOnlyMemory<byte> bytes) : Random(0)
{
    private ReadOnlyMemory<byte> _rest = bytes;

    /// <summary>Whether all bytes were read.</summary>
    public bool IsSpent => _rest.IsEmpty;

    /// <inheritdoc/>
    public override int Next() => Next(int.MaxValue);

    /// <inheritdoc/>
    public override int Next(int maxValue) => (int)Take(maxValue);

    /// <inheritdoc/>
    public override int Next(int minValue, int maxValue) =>
        (int)(minValue + Take((long)maxValue - minValue));

    /// <inheritdoc/>
    public override long NextInt64() => Take(long.MaxValue);

    /// <inheritdoc/>
    public override long NextInt64(long maxValue) => Take(maxValue);

    /// <inheritdoc/>
    public override long NextInt64(long minValue, long maxValue) =>
        minValue + Take(maxValue - minValue);

    /// <inheritdoc/>
    public override void NextBytes(byte[] buffer) => NextBytes(buffer.AsSpan());

    /// <inheritdoc/>
    public override void NextBytes(Span<byte> buffer)
    {
        int count = Math.Min(buffer.Length, _rest.Length);
        _rest.Span[..count].CopyTo(buffer);
        buffer[count..].Clear();
        _rest = _rest[count..];
    }

    /// <inheritdoc/>
    protected override double Sample() => Take(1 << 16) / (double)(1 << 16);

    // As few bytes as the range needs.
    private long Take(long range)
    {
        if (range <= 1)
        {
            return 0;
        }

        Span<byte> number = stackalloc byte[sizeof(long)];
        number.Clear();
        int bytes = range <= 1 << 8 ? 1 : range <= 1 << 16 ? 2 : range <= 1L << 32 ? 4 : 8;
        NextBytes(number[..bytes]);
        return (long)(BinaryPrimitives.ReadUInt64LittleEndian(number) % (ulong)range);
    }
}
