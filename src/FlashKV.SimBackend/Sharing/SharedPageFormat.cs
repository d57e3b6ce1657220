using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Sharing;

/// <summary>
/// The memory that a client and its context share: the register page, big-endian, and behind it a
/// block of states. See docs/adapter-protocol.md, "Shared page".
/// </summary>
internal static class SharedPageFormat
{
    /// <summary>The register page.</summary>
    internal const int RegisterBytes = CxlflashLimits.MmioSize;

    /// <summary>The whole.</summary>
    internal const int TotalBytes = RegisterBytes + 4096;

    /// <summary>The completion count, 8 bytes.</summary>
    internal const int CompletionCount = RegisterBytes;

    /// <summary>4 bytes: 1 while nobody looks at the page.</summary>
    internal const int Asleep = CompletionCount + sizeof(ulong);

    /// <summary>4 bytes: 1 once the context is lost.</summary>
    internal const int Lost = Asleep + sizeof(uint);
}
