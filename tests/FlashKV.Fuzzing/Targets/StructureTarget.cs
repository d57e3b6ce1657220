namespace FlashKV.Fuzzing.Targets;

/// <summary>
/// The decoder of one persisted structure. The first byte of an input says whether the checksums
/// are mended before; the rest are the bytes of the structure, behind them zeros.
/// </summary>
/// <param name="name">What the command line calls it.</param>
/// <param name="length">The bytes that the decoder gets.</param>
/// <param name="seeds">Structures that are valid.</param>
/// <param name="mend">Sets the checksums anew.</param>
/// <param name="decode">Decodes the bytes and checks what comes of it.</param>
internal sealed class StructureTarget(
    string name,
    int length,
    IReadOnlyList<byte[]> seeds,
    Action<byte[]> mend,
    Action<byte[]> decode) : IFuzzTarget
{
    // Of large structures only what was written to is cleared; checksums lie near the beginning.
    private const int LargeBytes = 4_096;

    private readonly byte[] _bytes = new byte[length];
    private int _dirty;

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public IReadOnlyList<byte[]> Seeds { get; } = [.. seeds.Select(static seed =>
        (byte[])[1, .. seed.AsSpan().TrimEnd((byte)0)])];

    /// <inheritdoc/>
    public long MostManagedBytes => 1 << 20;

    /// <inheritdoc/>
    public void Run(ReadOnlyMemory<byte> input)
    {
        bool isMended = !input.IsEmpty && (input.Span[0] & 1) != 0;
        ReadOnlySpan<byte> given = input.IsEmpty ? default : input.Span[1..];
        given = given[..Math.Min(given.Length, _bytes.Length)];
        _bytes.AsSpan(0, _dirty).Clear();
        given.CopyTo(_bytes);
        _dirty = Math.Min(_bytes.Length, given.Length + LargeBytes);
        if (isMended)
        {
            mend(_bytes);
        }

        decode(_bytes);
    }

    public void Dispose()
    {
    }
}
