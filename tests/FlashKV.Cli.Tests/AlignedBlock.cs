using System.Runtime.InteropServices;
using FlashKV.Superpipe;

namespace FlashKV.Cli.Tests;

/// <summary>A block of memory that a device can transfer from and to.</summary>
internal sealed class AlignedBlock : IDisposable
{
    private readonly nint _start = Marshal.AllocHGlobal(2 * Lun.BlockSize);

    public AlignedBlock() => Write([]);

    public nint Address => (_start + Lun.BlockSize - 1) & ~(nint)(Lun.BlockSize - 1);

    /// <summary>Fills it with bytes and zeros behind them.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        byte[] block = new byte[Lun.BlockSize];
        bytes.CopyTo(block);
        Marshal.Copy(block, 0, Address, block.Length);
    }

    public byte[] Read()
    {
        byte[] block = new byte[Lun.BlockSize];
        Marshal.Copy(Address, block, 0, block.Length);
        return block;
    }

    public void Dispose() => Marshal.FreeHGlobal(_start);
}
