using System.Globalization;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// The 64-bit cookie of a context. The low half is the process element; the high half is bits 4 to
/// 35 of the address of the driver's object, and opaque. Source: superpipe.h, ENCODE_CTXID.
/// </summary>
internal readonly record struct ContextId(ulong Value)
{
    /// <summary>DECODE_CTXID: the process element, an index below 512 when valid.</summary>
    internal uint ProcessElement => (uint)Value;

    /// <summary>The context handle that goes into <see cref="SislIoarcb.CtxId"/>.</summary>
    internal ushort Handle => (ushort)Value;

    /// <summary>The opaque upper half.</summary>
    internal uint Generation => (uint)(Value >> 32);

    /// <summary>ENCODE_CTXID of an object's address.</summary>
    internal static ContextId Encode(ulong address, uint processElement) =>
        new(((address & 0xF_FFFF_FFF0UL) << 28) | processElement);

    /// <summary>A cookie from its two halves.</summary>
    internal static ContextId FromParts(uint generation, uint processElement) =>
        new(((ulong)generation << 32) | processElement);

    public override string ToString() => Value.ToString("X16", CultureInfo.InvariantCulture);
}
