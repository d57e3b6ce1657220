using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Tests.Doubles;

/// <summary>Aligned unmanaged memory for blocks, with a pattern that tells blocks apart.</summary>
internal sealed unsafe class BlockBuffer : IDisposable
{
    internal BlockBuffer(int blocks)
    {
        Blocks = blocks;
        Address = (nint)NativeMemory.AlignedAlloc((nuint)blocks * Lun.BlockSize, Lun.BlockSize);
        Bytes.Clear();
    }

    internal int Blocks { get; }

    internal nint Address { get; private set; }

    internal Span<byte> Bytes => new((void*)Address, Blocks * Lun.BlockSize);

    internal nint AddressOf(int block) => Address + ((nint)block * Lun.BlockSize);

    internal Span<byte> Block(int block) => Bytes.Slice(block * Lun.BlockSize, Lun.BlockSize);

    /// <summary>Fills every 8 bytes of a block with a number of its own.</summary>
    internal void Stamp(int block, ulong stamp)
    {
        Span<byte> bytes = Block(block);
        for (int i = 0; i < Lun.BlockSize; i += 8)
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[i..], stamp + (ulong)i);
    }

    internal bool IsStamped(int block, ulong stamp)
    {
        Span<byte> bytes = Block(block);
        for (int i = 0; i < Lun.BlockSize; i += 8)
        {
            if (BinaryPrimitives.ReadUInt64LittleEndian(bytes[i..]) != stamp + (ulong)i)
                return false;
        }

        return true;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree((void*)Address);
        Address = 0;
    }
}
