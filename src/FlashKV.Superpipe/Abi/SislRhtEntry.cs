using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// A format-0 resource handle table entry: a virtual LUN. 16 bytes, aligned to 16, host byte order.
/// Source: sislite.h, struct sisl_rht_entry.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct SislRhtEntry
{
    internal const int SizeInBytes = SislRht.EntrySizeInBytes;

    /// <summary>The address of the first LXT entry.</summary>
    [FieldOffset(0)]
    internal ulong LxtStart;

    [FieldOffset(8)]
    internal uint LxtCnt;

    [FieldOffset(12)]
    internal ushort Rsvd;

    /// <summary>Format (0) and permissions; see <see cref="SislRht"/>.</summary>
    [FieldOffset(14)]
    internal byte Fp;

    /// <summary>16 in an entry in use, 0 in a free one.</summary>
    [FieldOffset(15)]
    internal byte Nmask;
}
