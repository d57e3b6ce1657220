using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Sharing;

/// <summary>A mapping of memory that another process maps as well.</summary>
internal sealed unsafe class SharedMemory : SafeHandle
{
    private const int ReadWrite = 0x3;
    private const int Shared = 0x1;
    private const int Failed = -1;

    private readonly int _bytes;

    private SharedMemory(nint address, int bytes)
        : base(invalidHandleValue: 0, ownsHandle: true)
    {
        SetHandle(address);
        _bytes = bytes;
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Makes memory that can be passed on by its descriptor.</summary>
    internal static Errno Create(int bytes, out SharedMemory? memory, out DescriptorHandle? file)
    {
        const uint CloseOnExecute = 1;
        (memory, file) = (null, null);
        int descriptor = SocketCalls.MemoryFile("flashkv-registers", CloseOnExecute);
        if (descriptor == Failed)
        {
            return LastErrno();
        }

        DescriptorHandle made = new(descriptor);
        Errno errno = SocketCalls.Truncate(made, bytes) == Failed
            ? LastErrno() : Map(made, bytes, out memory);
        if (errno != Errno.None)
        {
            made.Dispose();
            return errno;
        }

        file = made;
        return Errno.None;
    }

    /// <summary>Maps memory of a descriptor.</summary>
    internal static Errno Map(DescriptorHandle file, int bytes, out SharedMemory? memory)
    {
        nint address = SocketCalls.Map(0, (nuint)bytes, ReadWrite, Shared, file, 0);
        memory = address == Failed ? null : new SharedMemory(address, bytes);
        return address == Failed ? LastErrno() : Errno.None;
    }

    /// <summary>A word of 64 bits in host order.</summary>
    internal ref ulong Word64(int offset)
    {
        CheckOffset(offset, sizeof(ulong));

        // SAFETY: aligned and inside the mapping, which its owner keeps while anybody uses it.
        return ref *(ulong*)(handle + offset);
    }

    /// <summary>A word of 32 bits in host order.</summary>
    internal ref uint Word32(int offset)
    {
        CheckOffset(offset, sizeof(uint));

        // SAFETY: as above.
        return ref *(uint*)(handle + offset);
    }

    /// <summary>Reads a register, which is big-endian.</summary>
    internal ulong ReadRegister(int offset) => Swap(Volatile.Read(ref Word64(offset)));

    /// <summary>Stores a register after everything that this thread has stored before.</summary>
    internal void WriteRegister(int offset, ulong value) =>
        Volatile.Write(ref Word64(offset), Swap(value));

    /// <summary>Stores a register if it still has a certain value.</summary>
    internal void ReplaceRegister(int offset, ulong expected, ulong value) =>
        Interlocked.CompareExchange(ref Word64(offset), Swap(value), Swap(expected));

    /// <summary>Fills the beginning with ones.</summary>
    internal void FillWithOnes(int bytes)
    {
        CheckOffset(0, bytes);

        // SAFETY: inside the mapping.
        new Span<byte>((void*)handle, bytes).Fill(byte.MaxValue);
    }

    protected override bool ReleaseHandle() => SocketCalls.Unmap(handle, (nuint)_bytes) == 0;

    private static ulong Swap(ulong value) =>
        BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;

    private static Errno LastErrno() => (Errno)Marshal.GetLastPInvokeError();

    [Conditional("DEBUG")]
    private void CheckOffset(int offset, int bytes) => Debug.Assert(
        offset >= 0 && offset % sizeof(uint) == 0 && offset <= _bytes - bytes,
        "a word of the mapping");
}
