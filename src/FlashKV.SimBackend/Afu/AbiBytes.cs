using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// Turns ABI structures into bytes and back; the only place that reinterprets them.
/// </summary>
internal static class AbiBytes
{
    /// <summary>The bytes of a structure, for as long as the structure lives.</summary>
    internal static Span<byte> Of<T>(ref T value)
        where T : unmanaged => MemoryMarshal.AsBytes(new Span<T>(ref value));

    /// <summary>The bytes of structures.</summary>
    internal static Span<byte> Of<T>(Span<T> values)
        where T : unmanaged => MemoryMarshal.AsBytes(values);

    /// <summary>Copies a structure out of bytes of any alignment.</summary>
    /// <param name="bytes">At least the structure's size.</param>
    internal static T Read<T>(ReadOnlySpan<byte> bytes)
        where T : unmanaged => MemoryMarshal.Read<T>(bytes);

    /// <summary>Copies a structure into bytes of any alignment.</summary>
    internal static void Write<T>(Span<byte> bytes, in T value)
        where T : unmanaged => MemoryMarshal.Write(bytes, in value);

    /// <summary>One structure seen as another of the same size.</summary>
    internal static ref TTo As<TFrom, TTo>(ref TFrom value)
        where TFrom : unmanaged
        where TTo : unmanaged
    {
        Debug.Assert(Unsafe.SizeOf<TFrom>() == Unsafe.SizeOf<TTo>(), "two views of the same bytes");
        return ref Unsafe.As<TFrom, TTo>(ref value);
    }
}
