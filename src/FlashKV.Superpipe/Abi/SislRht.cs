namespace FlashKV.Superpipe.Abi;

/// <summary>
/// What the two formats of a resource handle table entry share: bits of fp, and the permission
/// rules. Source: sislite.h, SISL_RHT_FP*, SISL_RHT_PERM_*.
/// </summary>
internal static class SislRht
{
    internal const int EntrySizeInBytes = 16;
    internal const int EntryAlignment = 16;

    /// <summary>SISL_RHT_PERM_READ, in fp and in the permission nibble of an LXT entry.</summary>
    internal const byte PermRead = 0x1;

    /// <summary>SISL_RHT_PERM_WRITE.</summary>
    internal const byte PermWrite = 0x2;

    /// <summary>Both permissions.</summary>
    internal const byte PermReadWrite = PermRead | PermWrite;

    /// <summary>The bits of fp that hold permissions.</summary>
    internal const byte PermMask = 0x3;

    /// <summary>fp of a format-1 entry without permissions.</summary>
    internal const byte Format1 = 0x10;

    /// <summary>Format in fp's upper nibble: 0 virtual, 1 physical.</summary>
    internal static int Format(byte fp) => fp >> 4;

    /// <summary>SISL_RHT_PERM of an open mode: 0 read, 1 write, 2 both, 3 none.</summary>
    internal static byte PermissionsOf(ulong openMode) => (byte)((openMode + 1) & PermMask);

    /// <summary>SISL_RHT_FP_CLONE: the fp of a clone whose context has fewer rights.</summary>
    internal static byte CloneFp(byte sourceFp, byte permissions) =>
        (byte)(sourceFp & (~PermMask | permissions));
}
