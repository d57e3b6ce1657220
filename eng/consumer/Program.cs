using System.Runtime.InteropServices;
using FlashKV;
using FlashKV.SimBackend;
using FlashKV.Superpipe;

// Uses the packages the way their users do, each with everything closed and opened anew between
// writing and reading: a key in a store, and a block on a simulated adapter over a file.
const long MediumBlocks = 1024;
const long BlockNumber = 42;

string directory = Directory.CreateTempSubdirectory("flashkv-consumer-").FullName;
try
{
    if (!StoreKeepsKey() || !AdapterKeepsBlock())
        return 1;
}
finally
{
    Directory.Delete(directory, recursive: true);
}

Console.WriteLine("OK: a key and a block written, closed, opened and read back.");
return 0;

bool StoreKeepsKey()
{
    string path = Path.Combine(directory, "store");
    using (FlashStore store = FlashStore.Open(path))
        store.Put("key"u8, "value"u8);

    using FlashStore reopened = FlashStore.Open(path);
    byte[]? found = reopened.Get("key"u8);
    return Holds(found.AsSpan().SequenceEqual("value"u8), "The store's value came back changed.");
}

bool AdapterKeepsBlock()
{
    var buffer = new PinnedBlock();
    new Random(1).NextBytes(buffer.Span);
    byte[] expected = buffer.Span.ToArray();
    OnDevice(new BlockTransfer(BlockOperation.Write, BlockNumber, 1, buffer.Address, true));

    buffer.Span.Clear();
    OnDevice(new BlockTransfer(BlockOperation.Read, BlockNumber, 1, buffer.Address));
    return Holds(buffer.Span.SequenceEqual(expected), "The adapter's block came back changed.");
}

bool Holds(bool condition, string otherwise)
{
    if (!condition)
        Console.Error.WriteLine(otherwise);
    return condition;
}

void OnDevice(BlockTransfer transfer)
{
    using FileMedium medium = FileMedium.Open(
        Path.Combine(directory, "medium"), MediumBlocks);
    using var adapter = new SimulatedAdapter(medium);
    using SuperpipeDevice device = SuperpipeDevice.Open(adapter.Transport, adapter.DevicePaths[0]);
    using SuperpipeContext context = device.Attach();
    using PhysicalLun lun = context.OpenPhysicalLun();
    lun.Transfer(transfer);
}

/// <summary>A block of memory, aligned and at a fixed address.</summary>
internal sealed class PinnedBlock
{
    private readonly byte[] _bytes = GC.AllocateArray<byte>(2 * Lun.BlockSize, pinned: true);
    private readonly int _offset;

    public PinnedBlock()
    {
        nint start = Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, 0);
        _offset = (int)(-start & (Lun.BlockSize - 1));
        Address = start + _offset;
    }

    /// <summary>The address, a whole number of blocks.</summary>
    public nint Address { get; }

    /// <summary>The bytes at the address.</summary>
    public Span<byte> Span => _bytes.AsSpan(_offset, Lun.BlockSize);
}
