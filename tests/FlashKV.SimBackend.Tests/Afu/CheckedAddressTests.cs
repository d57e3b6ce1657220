using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Tests.Afu;

/// <summary>An adapter in the client's process that checks every address as hardware does.</summary>
public sealed class CheckedAddressTests
{
    [Theory]
    [InlineData(SubmissionMode.CommandRooms)]
    [InlineData(SubmissionMode.SubmissionQueue)]
    public void A_wild_address_is_an_error_of_its_command_and_no_end_of_the_process(
        SubmissionMode mode)
    {
        using MemoryMedium medium = new(65_536);
        using SimulatedAdapter adapter = new(new SimulatedAdapterOptions
        {
            Luns = [new SimulatedLunOptions(medium)],
            SubmissionMode = mode,
            ChecksAddresses = true,
        });
        using SuperpipeDevice device = SuperpipeDevice.Open(adapter.Transport, "/dev/sg0");
        using SuperpipeContext context = device.Attach();
        using VirtualLun lun = context.OpenVirtualLun(65_536);
        using AlignedMemory data = new(2);
        data.Fill(1);
        lun.Transfer([new BlockTransfer(BlockOperation.Write, 3, 1, data.Address)]);

        // Above the first 64 KiB, which are refused in any case; nobody maps it.
        const nint Wild = 0x1_0000;
        Assert.False(ProcessVm.TryRead(Environment.ProcessId, (ulong)Wild, new byte[1]));
        foreach (BlockOperation operation in new[] { BlockOperation.Read, BlockOperation.Write })
        {
            Assert.ThrowsAny<DeviceException>(() => lun.Transfer(
                [new BlockTransfer(operation, 3, 1, Wild)]));
        }

        lun.Transfer([new BlockTransfer(BlockOperation.Read, 3, 1, data.Run(1, 1).Address)]);
        Assert.Equal(data.Block(0), data.Block(1));
    }
}
