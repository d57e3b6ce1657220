namespace FlashKV.Superpipe.Tests.Doubles;

/// <summary>A scripted adapter with a device, a context and a virtual LUN of one chunk.</summary>
internal sealed class Rig : IDisposable
{
    internal Rig(
        ScriptedAdapter adapter,
        AttachOptions? options = null,
        long blocks = 65536,
        string node = "/dev/sg0")
    {
        Adapter = adapter;
        Device = SuperpipeDevice.Open(adapter, node);
        Context = Device.Attach(options ?? new AttachOptions { CommandBlocks = 64 });
        Lun = Context.OpenVirtualLun(blocks);
    }

    internal ScriptedAdapter Adapter { get; }

    internal SuperpipeDevice Device { get; }

    internal SuperpipeContext Context { get; }

    internal VirtualLun Lun { get; }

    internal ContextStatistics Statistics => Context.GetStatistics();

    internal static BlockTransfer Read(
        long lba, BlockBuffer buffer, int block = 0, int count = 1) =>
        new(BlockOperation.Read, lba, count, buffer.AddressOf(block));

    internal static BlockTransfer Write(
        long lba, BlockBuffer buffer, int block = 0, int count = 1, bool forced = false) =>
        new(BlockOperation.Write, lba, count, buffer.AddressOf(block), forced);

    /// <summary>What must hold after any run: the adapter was never misused.</summary>
    internal void AssertSound()
    {
        Assert.Equal(0, Adapter.UsesAfterUnmap);
        Assert.Equal(0, Adapter.RoomViolations);
        Assert.Equal(0, Adapter.RingOverruns);
        Assert.Equal(Context.CommandBlocks, Context.FreeRooms);
    }

    public void Dispose()
    {
        Context.Dispose();
        Device.Dispose();
    }
}
