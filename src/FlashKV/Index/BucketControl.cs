using System.Diagnostics;

namespace FlashKV.Index;

/// <summary>
/// The control word of a bucket: latch, batch mark, overflow block and version.
/// </summary>
/// <remarks>
/// From the bottom: latch (1 bit), batch (1), class of the overflow block (4), its first word
/// within the overflow pages, 0 if there is none (30), version (28). Only the holder of the latch
/// changes the word, but for taking the latch. The version changes whenever an entry has left the
/// place where a reader may be about to look for it; as the top bits it wraps by itself.
/// </remarks>
/// <param name="Word">The 64 bits.</param>
internal readonly record struct BucketControl(ulong Word)
{
    /// <summary>Set while a writer, a batch or a split holds the bucket.</summary>
    public const ulong Latch = 1;

    /// <summary>Set while a batch publishes: readers wait until it is clear.</summary>
    public const ulong Batch = 2;

    private const int ClassShift = 2;
    private const ulong ClassMask = 0xF;
    private const int OverflowShift = 6;
    private const int OverflowBits = 30;
    private const ulong OverflowMask = (1UL << OverflowBits) - 1;
    private const int VersionShift = OverflowShift + OverflowBits;

    /// <summary>The overflow words that can be addressed.</summary>
    public const long MaxOverflowWords = 1L << OverflowBits;

    /// <summary>Gets whether the bucket is latched.</summary>
    public bool IsLatched => (Word & Latch) != 0;

    /// <summary>Gets whether a batch is publishing in the bucket.</summary>
    public bool IsBatch => (Word & Batch) != 0;

    /// <summary>Gets whether the bucket has an overflow block.</summary>
    public bool HasOverflow => (Word & OverflowMask << OverflowShift) != 0;

    /// <summary>Gets the overflow block's first word within the overflow pages.</summary>
    public uint Overflow => (uint)(Word >> OverflowShift & OverflowMask);

    /// <summary>Gets the overflow block's class; it has 2^class words.</summary>
    public int OverflowClass => (int)(Word >> ClassShift & ClassMask);

    /// <summary>Gets the words of the overflow block.</summary>
    public int OverflowLength => 1 << OverflowClass;

    /// <summary>Gives the same word one version later.</summary>
    public BucketControl NextVersion() => new(Word + (1UL << VersionShift));

    /// <summary>Gives the next version with another overflow block.</summary>
    public BucketControl WithOverflow(uint overflow, int overflowClass)
    {
        Debug.Assert(overflow != 0 && (ulong)overflowClass <= ClassMask, "not an overflow block");
        return new BucketControl(WithoutOverflow().Word
            | (ulong)overflow << OverflowShift | (ulong)overflowClass << ClassShift);
    }

    /// <summary>Gives the next version with no overflow block.</summary>
    public BucketControl WithoutOverflow()
    {
        const ulong Both = OverflowMask << OverflowShift | ClassMask << ClassShift;
        return new BucketControl(Word & ~Both).NextVersion();
    }

    /// <summary>Gets whether no entry was moved or removed between two readings.</summary>
    public bool IsSameVersion(BucketControl other) => (Word ^ other.Word) >> VersionShift == 0;
}
