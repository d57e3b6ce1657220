namespace FlashKV.Superpipe.Abi;

/// <summary>
/// Entries of the response queue: the address of the IOARCB (IOARRIN mode) or of the IOASA (SQ
/// mode), with the toggle in bit 0. The host expects toggle 1 in the first pass over a zeroed ring
/// and flips it at each wrap. Source: sislite.h, SISL_RESP_HANDLE_*.
/// </summary>
internal static class SislRrq
{
    internal const int EntrySizeInBytes = 8;

    /// <summary>SISL_RESP_HANDLE_T_BIT.</summary>
    internal const ulong ToggleBit = 1;

    /// <summary>The toggle of the first pass.</summary>
    internal const ulong FirstToggle = 1;

    /// <summary>An entry.</summary>
    internal static ulong Pack(ulong address, ulong toggle) => address | toggle;

    /// <summary>The address in an entry.</summary>
    internal static ulong Address(ulong entry) => entry & ~ToggleBit;

    /// <summary>The toggle of an entry.</summary>
    internal static ulong Toggle(ulong entry) => entry & ToggleBit;
}
