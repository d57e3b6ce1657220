using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// A format-1 resource handle table entry: a physical LUN. 16 bytes, aligned to 16, host byte
/// order. Source: sislite.h, struct sisl_rht_entry_f1.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct SislRhtEntryF1
{
    internal const int SizeInBytes = SislRht.EntrySizeInBytes;

    /// <summary>The value of <see cref="Valid"/> in an entry in use.</summary>
    internal const byte ValidBit = 0x80;

    [FieldOffset(0)]
    internal ulong LunId;

    [FieldOffset(8)]
    internal byte Valid;

    [FieldOffset(9)]
    internal Bytes5 Rsvd;

    /// <summary>Format (1) and permissions; see <see cref="SislRht"/>.</summary>
    [FieldOffset(14)]
    internal byte Fp;

    [FieldOffset(15)]
    internal byte PortSel;

    /// <summary>
    /// The second half of the entry as one little-endian number, since the driver publishes it by
    /// one store.
    /// </summary>
    internal static ulong PackSecondHalf(byte permissions, byte portSel) =>
        ValidBit | ((ulong)(SislRht.Format1 | permissions) << 48) | ((ulong)portSel << 56);
}
