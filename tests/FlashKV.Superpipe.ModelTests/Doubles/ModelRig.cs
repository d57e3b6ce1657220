namespace FlashKV.Superpipe.Doubles;

/// <summary>A model device with the real client on it.</summary>
internal sealed class ModelRig
{
    internal ModelRig(ModelDevice device, int inlineRounds = 0)
    {
        Device = device;
        Context = SuperpipeDevice.Open(device, "/dev/sg0").Attach(new AttachOptions
        {
            CommandBlocks = 8,
            InlineRounds = inlineRounds,
        });
        Lun = Context.OpenVirtualLun(1);
    }

    internal ModelDevice Device { get; }

    internal SuperpipeContext Context { get; }

    internal VirtualLun Lun { get; }

    /// <summary>A batch that needs no buffer.</summary>
    internal static BlockTransfer Unmap(long lba, int blocks) =>
        new(BlockOperation.Unmap, lba, blocks, 0);

    /// <summary>What must hold when every batch has ended; then the rig is closed.</summary>
    internal void Check(int commands)
    {
        Assert.Equal(commands, Context.GetStatistics().Commands);
        Assert.Equal(0, Context.GetStatistics().StaleResponses);
        Assert.Equal(0, Context.GetStatistics().Failures);
        Assert.Equal(Context.CommandBlocks, Context.FreeRooms);
        Assert.Equal(0, Device.RoomViolations);
        Assert.Equal(0, Device.UsesAfterUnmap);
        Context.Dispose();
    }
}
