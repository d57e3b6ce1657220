namespace FlashKV.Superpipe.Abi;

/// <summary>Interrupt numbers (LISN, msi) of a context. Source: sislite.h, SISL_MSI_*.</summary>
internal static class SislLisn
{
    /// <summary>Page faults; as the msi of an IOARCB: no interrupt.</summary>
    internal const byte None = 0;

    internal const byte SyncError = 1;
    internal const byte RrqUpdated = 2;

    /// <summary>The driver's own context only.</summary>
    internal const byte AsyncError = 3;
}
