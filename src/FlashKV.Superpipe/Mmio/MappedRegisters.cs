using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace FlashKV.Superpipe.Mmio;

/// <summary>
/// The register window of a real context: mapped memory, read and written by 64-bit accesses and
/// big-endian.
/// </summary>
/// <remarks>
/// Device memory lies outside the .NET memory model. What is relied on: the JIT compiles a volatile
/// access of an aligned 64-bit word to one load or store of that width, in program order with other
/// volatile accesses; a full barrier before a store makes the thread's earlier stores to ordinary
/// memory visible before it. On x86-64 the barrier orders even write-combined mappings; on arm64 it
/// is a DMB of the inner shareable domain, which covers coherent devices, the only ones this
/// window is for. Not measured on hardware.
/// </remarks>
internal readonly unsafe struct MappedRegisters : IRegisterWindow
{
    private readonly byte* _base;

    internal MappedRegisters(nint address, long length)
    {
        _base = (byte*)address;
        Length = length;
    }

    /// <summary>The bytes of the mapping.</summary>
    internal long Length { get; }

    internal nint Address => (nint)_base;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Read(int offset)
    {
        CheckOffset(offset);

        // SAFETY: the offset is aligned and within the mapping, which lives until no thread uses
        // the window.
        ulong value = Volatile.Read(ref *(ulong*)(_base + offset));
        return BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(int offset, ulong value)
    {
        CheckOffset(offset);
        ulong wire = BitConverter.IsLittleEndian
            ? BinaryPrimitives.ReverseEndianness(value)
            : value;
        Interlocked.MemoryBarrier();

        // SAFETY: as in Read.
        Volatile.Write(ref *(ulong*)(_base + offset), wire);
    }

    /// <summary>A pause; the device does its work by itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Wait() => Thread.SpinWait(1);

    /// <summary>Nothing; the device does its work by itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Drive()
    {
    }

    [Conditional("DEBUG")]
    private void CheckOffset(int offset) => Debug.Assert(
        offset >= 0 && offset % 8 == 0 && offset <= Length - 8, "Register out of the window.");
}
