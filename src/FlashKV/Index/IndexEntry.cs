using System.Diagnostics;

namespace FlashKV.Index;

/// <summary>
/// One word of the index: where the newest record of a key lies, about how long it is, and some
/// bits of the key's hash.
/// </summary>
/// <remarks>
/// From the top: tag (22 bits), size class (5 bits), address in units of 8 bytes (37 bits). An
/// address is never 0, so the word 0 stands for "no entry". The tag is set by the index.
/// </remarks>
/// <param name="Word">The 64 bits.</param>
internal readonly record struct IndexEntry(ulong Word)
{
    /// <summary>The unit of addresses: records start at multiples of this many bytes.</summary>
    public const int AddressUnitBytes = 8;

    /// <summary>The highest address, in bytes.</summary>
    public const long MaxAddress = ((1L << AddressBits) - 1) * AddressUnitBytes;

    internal const int AddressBits = 37;
    internal const int SizeClassBits = 5;
    internal const int TagBits = 22;
    internal const int TagShift = AddressBits + SizeClassBits;
    internal const ulong TagMask = ~0UL << TagShift;

    private const int AddressUnitShift = 3;
    private const ulong AddressMask = (1UL << AddressBits) - 1;
    private const ulong SizeClassMask = (1UL << SizeClassBits) - 1;

    /// <summary>Gets whether this is "no entry".</summary>
    public bool IsEmpty => Word == 0;

    /// <summary>Gets the record's byte address within the shard's log.</summary>
    public long Address => (long)(Word & AddressMask) << AddressUnitShift;

    /// <summary>Gets the record's length class, see <see cref="Index.SizeClass"/>.</summary>
    public int SizeClass => (int)((Word >> AddressBits) & SizeClassMask);

    /// <summary>Gets the bits of the key's hash that the entry keeps.</summary>
    public uint Tag => (uint)(Word >> TagShift);

    /// <summary>Makes an entry; the index adds the tag when it stores it.</summary>
    /// <param name="address">
    /// The record's byte address within the shard's log: a multiple of
    /// <see cref="AddressUnitBytes"/>, from 8 to <see cref="MaxAddress"/>.
    /// </param>
    /// <param name="sizeClass">
    /// What <see cref="Index.SizeClass.FromLength"/> gives for the record's length.
    /// </param>
    public static IndexEntry Create(long address, int sizeClass)
    {
        Debug.Assert(address is > 0 and <= MaxAddress, "address out of range");
        Debug.Assert(address % AddressUnitBytes == 0, "address not aligned");
        Debug.Assert((uint)sizeClass <= SizeClassMask, "size class out of range");
        return new((ulong)sizeClass << AddressBits | (ulong)address >> AddressUnitShift);
    }

    /// <summary>Gets whether both stand for the same record, whatever their tags.</summary>
    public bool IsSameRecord(IndexEntry other) => ((Word ^ other.Word) & AddressMask) == 0;

    /// <summary>Gets whether the tag is the one of a pattern.</summary>
    internal bool HasTag(ulong tagPattern) => (Word & TagMask) == tagPattern;

    internal IndexEntry WithTag(ulong tagPattern) => new(Word & ~TagMask | tagPattern);
}
