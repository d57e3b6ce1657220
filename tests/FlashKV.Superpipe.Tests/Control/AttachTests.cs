using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Tests.Doubles;

namespace FlashKV.Superpipe.Tests.Control;

public class AttachTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Registers_are_programmed_in_the_order_of_the_adapter(bool usesRing)
    {
        ScriptedAdapter adapter = new() { UsesRing = usesRing, RecordsWrites = true };
        using SuperpipeDevice device = SuperpipeDevice.Open(adapter, "/dev/sg0");
        using SuperpipeContext context = device.Attach(new AttachOptions { CommandBlocks = 16 });

        List<(int Offset, ulong Value)> writes = adapter.OnlyContext.Writes;
        int[] expected = usesRing
            ? [0x28, 0x30, 0x50, 0x58, 0x40, 0x18]
            : [0x28, 0x30, 0x40, 0x18];
        Assert.Equal(expected, writes.Select(write => write.Offset));
        Assert.Equal(15ul * 8, writes[1].Value - writes[0].Value);
        Assert.Equal(0ul, writes[0].Value % 128);
        Assert.Equal(1ul, writes[^2].Value);
        Assert.Equal(0xFFFFFFFFFFFFFFE0, writes[^1].Value);
        if (!usesRing)
            return;
        Assert.Equal(16ul * 64, writes[3].Value - writes[2].Value);
        Assert.Equal(0ul, writes[2].Value % 4096);
    }

    [Fact]
    public void Closing_goes_in_the_order_of_the_driver()
    {
        ScriptedAdapter adapter = new();
        Rig rig = new(adapter);
        adapter.Calls.Clear();

        rig.Dispose();

        Assert.Equal(
            ["RELEASE", "unmap", "DETACH", "close context", "close device"], adapter.Calls);
        Assert.Equal((0, 0), (adapter.Mappings, adapter.OpenDescriptors));
        Assert.Throws<ObjectDisposedException>(() =>
            rig.Lun.Transfer(new BlockTransfer(BlockOperation.Unmap, 0, 1, 0)));
        Assert.Throws<ObjectDisposedException>(() => rig.Device.Attach());
        rig.Lun.Dispose();
        rig.Dispose();
    }

    [Fact]
    public void A_device_may_be_disposed_of_before_its_context()
    {
        ScriptedAdapter adapter = new();
        SuperpipeDevice device = SuperpipeDevice.Open(adapter, "/dev/sg0");
        SuperpipeContext context = device.Attach();
        device.Dispose();
        using (VirtualLun lun = context.OpenVirtualLun(1))
            Assert.Equal(65536, lun.BlockCount);

        context.Dispose();
        Assert.Equal(0, adapter.OpenDescriptors);
    }

    [Fact]
    public void Closing_waits_for_the_transfers_under_way()
    {
        ScriptedAdapter adapter = new() { AnswersPerWait = 1, Rooms = 4 };
        Rig rig = new(adapter);
        using ManualResetEventSlim started = new();
        adapter.Script = command =>
        {
            started.Set();
            return ScriptedAnswer.Good;
        };
        Threads.Run(2, number =>
        {
            if (number == 0)
            {
                using BlockBuffer buffer = new(60);
                rig.Lun.Transfer(Rig.Read(0, buffer, 0, 60));
            }
            else
            {
                started.Wait();
                rig.Dispose();
            }
        });
        Assert.Equal((0, 0), (adapter.Mappings, adapter.OpenDescriptors));
        Assert.Equal(0, adapter.UsesAfterUnmap);
        Assert.Equal(60, rig.Statistics.Commands);
    }

    [Fact]
    public void Closing_gives_up_transfers_that_do_not_end()
    {
        ScriptedAdapter adapter = new();
        ManualClock clock = new();
        Rig rig = new(adapter, new AttachOptions { CommandBlocks = 16, Clock = clock });
        using ManualResetEventSlim started = new();
        adapter.Script = command =>
        {
            started.Set();
            return ScriptedAnswer.Silence;
        };
        Threads.Run(2, number =>
        {
            if (number == 0)
            {
                using BlockBuffer buffer = new(40);
                DeviceException failure = Assert.Throws<DeviceException>(
                    () => rig.Lun.Transfer(Rig.Read(0, buffer, 0, 40)));
                Assert.Equal(Errno.BadDescriptor, failure.Errno);
            }
            else
            {
                started.Wait();
                rig.Dispose();
            }
        });
        Assert.Equal(TimeSpan.FromSeconds(5), clock.Delayed);
        Assert.Equal((0, 0), (adapter.Mappings, adapter.OpenDescriptors));
        Assert.Equal(0, adapter.UsesAfterUnmap);
    }

    [Fact]
    public void A_refused_attach_leaves_nothing_behind()
    {
        ScriptedAdapter adapter = new();
        using (SuperpipeDevice device = SuperpipeDevice.Open(adapter, "/dev/sg0"))
        {
            adapter.Refuse(IoctlRequest.Attach, Errno.NoDevice);
            DeviceException failure = Assert.Throws<DeviceException>(() => device.Attach());
            Assert.Equal(("ATTACH", Errno.NoDevice), (failure.Operation, failure.Errno));
        }

        Assert.Equal(0, adapter.OpenDescriptors);
    }

    [Theory]
    [InlineData(8192)]
    [InlineData(3000)]
    [InlineData(256)]
    public void A_block_size_that_cannot_be_is_refused(int blockSize)
    {
        ScriptedAdapter adapter = new() { BlockSize = blockSize };
        using (SuperpipeDevice device = SuperpipeDevice.Open(adapter, "/dev/sg0"))
        {
            DeviceException failure = Assert.Throws<DeviceException>(() => device.Attach());
            Assert.Equal(Errno.InputOutput, failure.Errno);
        }

        Assert.Equal((0, 0), (adapter.Mappings, adapter.OpenDescriptors));
        Assert.Contains("DETACH", adapter.Calls);
    }

    [Fact]
    public void A_path_that_is_no_device_is_refused()
    {
        DeviceException failure = Assert.Throws<DeviceException>(
            () => SuperpipeDevice.Open(new ScriptedAdapter(), "/tmp/x"));
        Assert.Equal(Errno.NoEntry, failure.Errno);
    }

    [Fact]
    public void A_second_device_joins_the_context()
    {
        ScriptedAdapter adapter = new();
        using Rig rig = new(adapter);
        using SuperpipeDevice second = SuperpipeDevice.Open(adapter, "/dev/sg1");
        Assert.Throws<ArgumentException>(() => rig.Context.OpenVirtualLun(second, 1));

        rig.Context.AddDevice(second);
        using VirtualLun lun = rig.Context.OpenVirtualLun(second, 1);

        Assert.Equal(DkCxlflashAttach.ReuseContext | 2, adapter.AttachFlags[^1]);
        Assert.Equal(1u, rig.Context.GetHandle(lun));
        Assert.Throws<DeviceException>(() => rig.Context.AddDevice(second));
        rig.Dispose();
        Assert.Equal(2, adapter.Calls.Count(call => call == "DETACH"));
    }

    [Fact]
    public void A_context_outlives_the_device_that_it_was_attached_to() => Threads.RunOne(() =>
    {
        ScriptedAdapter adapter = new();
        using Rig rig = new(adapter);
        using SuperpipeDevice second = SuperpipeDevice.Open(adapter, "/dev/sg1");
        Assert.Throws<InvalidOperationException>(() => rig.Context.RemoveDevice(rig.Device));
        rig.Context.AddDevice(second);
        using VirtualLun lun = rig.Context.OpenVirtualLun(second, 1);
        adapter.Calls.Clear();

        rig.Context.RemoveDevice(rig.Device);

        Assert.Equal(["RELEASE", "DETACH"], adapter.Calls);
        using BlockBuffer buffer = new(1);
        Assert.Throws<ObjectDisposedException>(() => rig.Lun.Transfer(Rig.Read(0, buffer)));
        Assert.Throws<ArgumentException>(() => rig.Context.RemoveDevice(rig.Device));

        // Recovery goes through the node that is left: the driver finds the context by its LUN.
        adapter.Reset();
        lun.Transfer(Rig.Read(0, buffer));
        Assert.Equal(1, rig.Statistics.Recoveries);
        rig.AssertSound();
    });

    [Fact]
    public void A_device_of_another_transport_cannot_join()
    {
        using Rig rig = new(new ScriptedAdapter());
        using SuperpipeDevice other = SuperpipeDevice.Open(new ScriptedAdapter(), "/dev/sg0");
        Assert.Throws<ArgumentException>(() => rig.Context.AddDevice(other));
    }

    [Fact]
    public void A_clone_sees_the_blocks_of_its_source() => Threads.RunOne(() =>
    {
        ScriptedAdapter adapter = new();
        using Rig rig = new(adapter);
        using BlockBuffer buffer = new(2);
        buffer.Stamp(0, 99);
        rig.Lun.Transfer(Rig.Write(5, buffer));

        using SuperpipeDevice device = SuperpipeDevice.Open(adapter, "/dev/sg0");
        using SuperpipeContext clone = device.Attach(
            new AttachOptions { Access = DeviceAccess.Read });
        VirtualLun lun = Assert.Single(clone.CloneFrom(
            CloneSource.Parse(rig.Context.GetCloneSource(rig.Lun).ToString())));

        lun.Transfer(Rig.Read(5, buffer, 1));
        Assert.True(buffer.IsStamped(1, 99));
        Assert.Equal(65536, lun.BlockCount);
    });

    [Fact]
    public void Sizes_are_what_the_driver_grants()
    {
        ScriptedAdapter adapter = new() { Chunks = 4 };
        using Rig rig = new(adapter, blocks: 0);
        Assert.Equal(0, rig.Lun.BlockCount);
        Assert.Equal(131072, rig.Lun.Resize(65537));
        Assert.Equal(4 * 65536, rig.Lun.Resize(long.MaxValue));
        Assert.Equal(0, rig.Lun.Resize(0));
        using VirtualLun all = rig.Context.OpenVirtualLun(5 * 65536);
        Assert.Equal(4 * 65536, all.BlockCount);

        DeviceException failure = Assert.Throws<DeviceException>(() => rig.Lun.Resize(1));
        Assert.Equal(("VLUN_RESIZE", Errno.NoSpace), (failure.Operation, failure.Errno));
        Assert.Throws<DeviceException>(() => rig.Context.OpenVirtualLun(1));
        Assert.Equal(2, adapter.OnlyContext.Luns.Count);
    }

    [Fact]
    public void An_aborted_sync_is_tried_again()
    {
        ScriptedAdapter adapter = new();
        using Rig rig = new(adapter);
        adapter.Refuse(IoctlRequest.VlunResize, Errno.TryAgain, Errno.TryAgain, Errno.TryAgain);
        Assert.Equal(131072, rig.Lun.Resize(131072));

        adapter.Refuse(IoctlRequest.UserVirtual, Errno.TryAgain);
        using VirtualLun other = rig.Context.OpenVirtualLun(1);
        adapter.Refuse(IoctlRequest.UserDirect, Errno.TryAgain, Errno.TryAgain);
        using PhysicalLun whole = rig.Context.OpenPhysicalLun();
        adapter.Refuse(IoctlRequest.Release, Errno.TryAgain);
        whole.Dispose();
        Assert.Equal(2, adapter.OnlyContext.Luns.Count);

        adapter.Refuse(IoctlRequest.VlunResize, [.. Enumerable.Repeat(Errno.TryAgain, 9)]);
        Assert.Throws<DeviceException>(() => rig.Lun.Resize(1));
    }

    [Fact]
    public void A_world_wide_id_has_sixteen_bytes()
    {
        ScriptedAdapter adapter = new();
        using SuperpipeDevice device = SuperpipeDevice.Open(adapter, "/dev/sg0");
        Assert.Throws<ArgumentException>(() => device.ManageLun(new byte[15], enable: true));
        device.ManageLun(new byte[16], enable: true);
        adapter.Refuse(IoctlRequest.ManageLun, Errno.Busy);
        Assert.Equal(Errno.Busy, Assert.Throws<DeviceException>(
            () => device.ManageLun(new byte[16], enable: false)).Errno);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8193)]
    public void Options_are_checked(int commandBlocks) =>
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new AttachOptions { CommandBlocks = commandBlocks }.Validate());

    [Theory]
    [InlineData(5000, 5, 0x00)]
    [InlineData(1500, 1500, 0x40)]
    [InlineData(100_500, 101, 0x00)]
    public void Timeouts_are_in_the_unit_that_fits(int milliseconds, ushort value, ushort unit)
    {
        AttachOptions options = new()
        {
            CommandTimeout = TimeSpan.FromMilliseconds(milliseconds),
        };
        Assert.Equal((value, (SislReqFlags)unit), options.EncodedTimeout);
    }
}
