using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Sharing;

/// <summary>The client library on adapters behind a socket, in every way to reach registers.</summary>
public sealed class ServedClientTests
{
    public static TheoryData<SubmissionMode, SharedRegisterAccess> Ways => new()
    {
        { SubmissionMode.CommandRooms, SharedRegisterAccess.Messages },
        { SubmissionMode.CommandRooms, SharedRegisterAccess.SharedPage },
        { SubmissionMode.SubmissionQueue, SharedRegisterAccess.Messages },
        { SubmissionMode.SubmissionQueue, SharedRegisterAccess.SharedPage },
    };

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_device_is_opened_written_and_read_over_the_socket(
        SubmissionMode mode, SharedRegisterAccess access)
    {
        using ServedHostFixture served = new(mode, access);
        using SharedAdapterTransport transport = served.Transport();
        using SuperpipeDevice device = SuperpipeDevice.Open(transport, "/dev/sg0");
        using SuperpipeContext context = device.Attach();
        using VirtualLun lun = context.OpenVirtualLun(100);
        Assert.Equal(ServedHostFixture.ChunkBlocks, lun.BlockCount);
        Assert.Equal(mode == SubmissionMode.SubmissionQueue, context.UsesSubmissionQueue);

        served.Data.Fill(1);
        lun.Transfer(new BlockTransfer(BlockOperation.Write, 500, 32, served.Data.Address));
        lun.Transfer(new BlockTransfer(
            BlockOperation.Read, 500, 32, served.Data.Run(32, 32).Address));
        Assert.True(served.Data.Run(0, 32).AsSpan().SequenceEqual(
            served.Data.Run(32, 32).AsSpan()));
        context.Verify(lun);
        Assert.Equal(2 * ServedHostFixture.ChunkBlocks, lun.Resize(65_537));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Many_threads_share_a_context(SubmissionMode mode, SharedRegisterAccess access)
    {
        const int Threads = 3;
        const int Rounds = 40;
        using ServedHostFixture served = new(mode, access, rooms: 16);
        using SharedAdapterTransport transport = served.Transport();
        using SuperpipeDevice device = SuperpipeDevice.Open(transport, "/dev/sg0");
        using SuperpipeContext context = device.Attach(
            new AttachOptions { CommandBlocks = 64 });
        using VirtualLun lun = context.OpenVirtualLun(1);
        TestThread[] threads = [.. Enumerable.Range(0, Threads).Select(
            id => new TestThread(() => WriteAndCompare(lun, id, Rounds)))];
        Array.ForEach(threads, thread => thread.Join());
        Assert.Equal(0, context.GetStatistics().Failures);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Nothing_is_held_after_an_orderly_end(
        SubmissionMode mode, SharedRegisterAccess access)
    {
        using ServedHostFixture served = new(mode, access);
        using (SharedAdapterTransport transport = served.Transport())
        using (SuperpipeDevice device = SuperpipeDevice.Open(transport, "/dev/sg0"))
        {
            using (SuperpipeContext context = device.Attach())
            {
                using VirtualLun lun = context.OpenVirtualLun(3 * ServedHostFixture.ChunkBlocks);
                lun.Transfer(new BlockTransfer(BlockOperation.Write, 0, 8, served.Data.Address));
                Assert.Equal(1, served.Driver.ContextCount);
                Assert.Equal(1, served.Driver.HandleCount);
            }

            // The last close has been dealt with when close returns, as in a kernel.
            Assert.Equal(0, served.Driver.ContextCount);
            Assert.Null(served.Driver.ChunksOf(0));
        }

        served.WaitUntilNothingIsHeld();
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_transport_that_ends_with_open_contexts_leaves_nothing(
        SubmissionMode mode, SharedRegisterAccess access)
    {
        using ServedHostFixture served = new(mode, access);
        TestClient client = served.Attached();
        client.OpenVirtual(2 * ServedHostFixture.ChunkBlocks);
        ulong read = client.Window.Read(SislHostMap.IntrStatus);
        Assert.Equal(0UL, read);
        served.CloseClients();
        served.WaitUntilNothingIsHeld();
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Resets_under_load_are_recovered_from(
        SubmissionMode mode, SharedRegisterAccess access)
    {
        const int Threads = 2;
        const int Resets = 3;
        using ServedHostFixture served = new(mode, access);
        using AdapterControl control = AdapterControl.Connect(served.SocketPath);
        using SharedAdapterTransport transport = served.Transport();
        using SuperpipeDevice device = SuperpipeDevice.Open(transport, "/dev/sg0");
        using SuperpipeContext context = device.Attach();
        using VirtualLun lun = context.OpenVirtualLun(1);
        int rounds = 0;
        bool isOver = false;
        TestThread[] threads = [.. Enumerable.Range(0, Threads).Select(id => new TestThread(() =>
        {
            while (!Volatile.Read(ref isOver))
            {
                WriteAndCompare(lun, id, rounds: 1);
                Interlocked.Increment(ref rounds);
            }
        }))];
        for (int reset = 0; reset < Resets; reset++)
        {
            int before = Volatile.Read(ref rounds);
            ServedHostFixture.WaitUntil(
                () => Volatile.Read(ref rounds) > before + Threads, "progress");
            control.Reset(adapter: 0);
        }

        int last = Volatile.Read(ref rounds);
        ServedHostFixture.WaitUntil(
            () => Volatile.Read(ref rounds) > last + Threads, "progress after the last reset");
        Volatile.Write(ref isOver, true);
        Array.ForEach(threads, thread => thread.Join());
        Assert.True(context.GetStatistics().Recoveries > 0);
        Assert.Equal(1, served.Driver.ContextCount);
    }

    [Fact]
    public void An_adapter_that_fails_ends_the_context_with_a_typed_error()
    {
        using ServedHostFixture served = new();
        using AdapterControl control = AdapterControl.Connect(served.SocketPath);
        using SharedAdapterTransport transport = served.Transport();
        using SuperpipeDevice device = SuperpipeDevice.Open(transport, "/dev/sg0");
        using SuperpipeContext context = device.Attach();
        using VirtualLun lun = context.OpenVirtualLun(1);
        control.Fail(adapter: 0);
        DeviceException failure = Assert.Throws<DeviceException>(
            () => lun.Transfer(new BlockTransfer(
                BlockOperation.Read, 0, 1, served.Data.Address)));
        Assert.Equal(Errno.NoDevice, failure.Errno);
    }

    [Fact]
    public void A_server_that_ends_is_an_adapter_that_was_taken_out()
    {
        using ServedHostFixture served = new();
        using SharedAdapterTransport transport = served.Transport();
        using SuperpipeDevice device = SuperpipeDevice.Open(transport, "/dev/sg0");
        using SuperpipeContext context = device.Attach();
        using VirtualLun lun = context.OpenVirtualLun(1);
        served.Server.Dispose();
        DeviceException failure = Assert.Throws<DeviceException>(
            () => lun.Transfer(new BlockTransfer(
                BlockOperation.Read, 0, 1, served.Data.Address)));
        Assert.Equal(Errno.NoDevice, failure.Errno);
    }

    [Fact]
    public void Two_adapters_show_one_lun()
    {
        using ServedHostFixture served = new(adapters: 2);
        using SharedAdapterTransport transport = served.Transport();
        string other = served.Host.Adapters[1].DevicePaths[0];
        using SuperpipeDevice first = SuperpipeDevice.Open(transport, "/dev/sg0");
        using SuperpipeDevice second = SuperpipeDevice.Open(transport, other);
        using SuperpipeContext writer = first.Attach();
        using SuperpipeContext reader = second.Attach();
        using PhysicalLun written = writer.OpenPhysicalLun();
        using PhysicalLun read = reader.OpenPhysicalLun();
        served.Data.Fill(2);
        written.Transfer(new BlockTransfer(BlockOperation.Write, 9, 4, served.Data.Address));
        read.Transfer(new BlockTransfer(
            BlockOperation.Read, 9, 4, served.Data.Run(4, 4).Address));
        Assert.True(served.Data.Run(0, 4).AsSpan().SequenceEqual(
            served.Data.Run(4, 4).AsSpan()));
    }

    private static void WriteAndCompare(VirtualLun lun, int id, int rounds)
    {
        const int Blocks = 6;
        using AlignedMemory data = new(2 * Blocks);
        for (int round = 0; round < rounds; round++)
        {
            data.Fill((id * 1000) + round);
            lun.Transfer(new BlockTransfer(
                BlockOperation.Write, id * Blocks, Blocks, data.Address));
            lun.Transfer(new BlockTransfer(
                BlockOperation.Read, id * Blocks, Blocks, data.Run(Blocks, Blocks).Address));
            Assert.True(data.Run(0, Blocks).AsSpan().SequenceEqual(
                data.Run(Blocks, Blocks).AsSpan()));
        }
    }
}
