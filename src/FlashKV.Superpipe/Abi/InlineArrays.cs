using System.Runtime.CompilerServices;

namespace FlashKV.Superpipe.Abi;

// The fixed-length array members of the ABI structures, so that the structures stay blittable and
// their arrays can be taken as spans without pointers.

/// <summary><c>u64 reserved[8]</c>, which ends every ioctl structure; 64 bytes.</summary>
[InlineArray(8)]
internal struct UInt64x8
{
    private ulong _element0;
}

/// <summary>Five bytes; alignment 1.</summary>
[InlineArray(5)]
internal struct Bytes5
{
    private byte _element0;
}

/// <summary>Six bytes; alignment 1.</summary>
[InlineArray(6)]
internal struct Bytes6
{
    private byte _element0;
}

/// <summary>Twelve bytes; alignment 1.</summary>
[InlineArray(12)]
internal struct Bytes12
{
    private byte _element0;
}

/// <summary>Sixteen bytes: a CDB or a WWID; alignment 1.</summary>
[InlineArray(16)]
internal struct Bytes16
{
    private byte _element0;
}

/// <summary>Eighteen bytes: the sense data of VERIFY; alignment 1.</summary>
[InlineArray(18)]
internal struct Bytes18
{
    private byte _element0;
}

/// <summary>Twenty bytes: the sense data of an IOASA; alignment 1.</summary>
[InlineArray(20)]
internal struct Bytes20
{
    private byte _element0;
}

/// <summary>Thirty-two bytes: the host's part of an IOASA; alignment 1.</summary>
[InlineArray(32)]
internal struct Bytes32
{
    private byte _element0;
}
