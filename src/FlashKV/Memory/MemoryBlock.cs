namespace FlashKV.Memory;

/// <summary>A piece of unmanaged memory that <see cref="UnmanagedMemory"/> handed out.</summary>
/// <param name="Address">The first byte, aligned as <see cref="UnmanagedMemory"/> says.</param>
/// <param name="Length">The length in bytes, at least what was asked for.</param>
/// <param name="Category">Which part of the budget it is counted in.</param>
internal readonly record struct MemoryBlock(nint Address, long Length, MemoryCategory Category)
{
    /// <summary>Gets the first byte as a pointer, valid until the block is freed.</summary>
    public unsafe byte* Pointer => (byte*)Address;

    /// <summary>Gets the bytes; the block must be shorter than 2 GiB.</summary>
    // SAFETY: Address and Length describe one live allocation; the owner keeps it until Free.
    public unsafe Span<byte> Span => new(Pointer, checked((int)Length));
}
