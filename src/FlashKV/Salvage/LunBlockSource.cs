using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Superpipe;

namespace FlashKV.Salvage;

/// <summary>The blocks of a device of the caller's, read as one physical LUN.</summary>
internal sealed class LunBlockSource : IBlockSource
{
    private const int BufferBlocks = 64;

    private readonly SuperpipeContext _context;
    private readonly PhysicalLun _lun;
    private readonly UnmanagedMemory _memory;
    private readonly NativeRegion _buffer;
    private readonly int _blocksAtOnce;

    private LunBlockSource(SuperpipeContext context, PhysicalLun lun)
    {
        const int BufferBytes = BufferBlocks * LogGeometry.BlockBytes;
        _context = context;
        _lun = lun;
        _memory = new UnmanagedMemory(BufferBytes);
        _buffer = new NativeRegion(
            _memory.Allocate(MemoryCategory.Buffers, BufferBytes).Address, BufferBytes);
        _blocksAtOnce = Math.Min(BufferBlocks, lun.MaxTransferBlocks);
    }

    /// <inheritdoc/>
    public long BlockCount => _lun.BlockCount;

    /// <summary>Attaches to a device.</summary>
    /// <exception cref="DeviceException">
    /// The device refused; with errno EINVAL if others have virtual LUNs on it.
    /// </exception>
    public static LunBlockSource Open(SuperpipeDevice device, AttachOptions attachment)
    {
        SuperpipeContext context = device.Attach(attachment);
        try
        {
            return new LunBlockSource(context, context.OpenPhysicalLun());
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public bool TryRead(long block, Span<byte> destination)
    {
        try
        {
            while (!destination.IsEmpty)
            {
                int blocks = Math.Min(_blocksAtOnce, destination.Length / LogGeometry.BlockBytes);
                int bytes = blocks * LogGeometry.BlockBytes;
                _lun.Transfer(new BlockTransfer(
                    BlockOperation.Read, block, blocks, _buffer.Address));
                _buffer.Span(0, bytes).CopyTo(destination);
                destination = destination[bytes..];
                block += blocks;
            }

            return true;
        }
        catch (DeviceException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        _lun.Dispose();
        _context.Dispose();
        _memory.Dispose();
    }
}
