using FlashKV.SimBackend.Afu;
using FlashKV.SimBackend.Sharing;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Sharing;

/// <summary>The driver's answers through the socket, and those of the socket itself.</summary>
public sealed class ServedErrnoTests
{
    [Fact]
    public void Unknown_nodes_are_not_there()
    {
        using ServedHostFixture served = new();
        SharedAdapterTransport transport = served.Transport();
        Assert.Equal(
            Errno.NoEntry, transport.Open("/dev/sg99", DeviceAccess.ReadWrite, out int none));
        Assert.Equal(-1, none);
        Assert.Equal(Errno.NoEntry, transport.Open("", DeviceAccess.ReadWrite, out _));
        Assert.Equal(
            Errno.NoEntry,
            transport.Open(new string('x', 4000), DeviceAccess.ReadWrite, out _));
    }

    [Fact]
    public void A_node_that_was_opened_for_reading_refuses_ioctls()
    {
        using ServedHostFixture served = new();
        TestClient client = served.Client(access: DeviceAccess.Read);
        Assert.Equal(Errno.NotPermitted, client.TryAttach(out _));
    }

    [Theory]
    [InlineData(1, 0UL, 0UL)]
    [InlineData(0, 1UL, 0UL)]
    [InlineData(0, 0UL, 1UL)]
    public void A_bad_header_is_invalid_and_changes_nothing(
        ushort version, ulong reserved, ulong returnFlags)
    {
        using ServedHostFixture served = new();
        TestClient client = served.Client();
        DkCxlflashAttach attach = new() { NumInterrupts = 4, AdapFd = 77 };
        attach.Hdr.Version = version;
        attach.Hdr.Rsvd[0] = (byte)reserved;
        attach.Hdr.ReturnFlags = (DkCxlflashReturnFlags)returnFlags;
        Assert.Equal(Errno.InvalidArgument, client.Ioctl(IoctlRequest.Attach, ref attach));
        Assert.Equal(77UL, attach.AdapFd);
        Assert.Equal(0, served.Driver.ContextCount);
    }

    [Fact]
    public void An_unknown_request_and_a_short_argument_are_refused()
    {
        using ServedHostFixture served = new();
        TestClient client = served.Client();
        Assert.Equal(
            Errno.InvalidArgument,
            client.Transport.Ioctl(client.Device, 0xC078_CA7F, new byte[120]));
        Assert.Equal(
            Errno.BadAddress,
            client.Transport.Ioctl(client.Device, IoctlRequest.Attach, new byte[143]));
        Assert.Equal(
            Errno.BadDescriptor,
            client.Transport.Ioctl(9999, IoctlRequest.Attach, new byte[144]));
    }

    [Fact]
    public void Contexts_and_handles_that_are_not_there_are_invalid()
    {
        using ServedHostFixture served = new();
        TestClient client = served.Attached();
        Assert.Equal(
            Errno.InvalidArgument, client.TryOpenVirtual(1, out _, context: 0x3FFF_7B29));
        Assert.Equal(Errno.InvalidArgument, client.Resize(5, 1, out _));
        Assert.Equal(Errno.InvalidArgument, client.Release(5));
        Assert.Equal(Errno.InvalidArgument, client.Detach(0xDEAD_DEAD));
        uint handle = client.OpenVirtual(1);
        Assert.Equal(Errno.InvalidArgument, client.TryOpenDirect(out _));
        Assert.Equal(Errno.None, client.Release(handle));
        Assert.Equal(Errno.InvalidArgument, client.Release(handle));
    }

    [Fact]
    public void A_full_lun_has_no_space()
    {
        using ServedHostFixture served = new(chunks: 2);
        TestClient client = served.Attached();
        client.OpenVirtual(ulong.MaxValue);
        Assert.Equal(Errno.NoSpace, client.TryOpenVirtual(1, out _));
    }

    [Fact]
    public void A_table_without_a_free_handle_is_too_many()
    {
        using ServedHostFixture served = new();
        TestClient client = served.Attached();
        for (int i = 0; i < CxlflashLimits.MaxRhtPerContext; i++)
        {
            client.OpenVirtual(0);
        }

        Assert.Equal(Errno.TooManyOpen, client.TryOpenVirtual(0, out _));
    }

    [Fact]
    public void Windows_are_checked_when_they_are_mapped()
    {
        using ServedHostFixture served = new();
        TestClient client = served.Attached();
        Assert.Equal(
            Errno.InvalidArgument,
            client.Transport.Map(client.ContextDescriptor, 0x10001, out _));
        Assert.Equal(
            Errno.InvalidArgument, client.Transport.Map(client.ContextDescriptor, 0, out _));
        Assert.Equal(
            Errno.InvalidArgument, client.Transport.Map(client.ContextDescriptor, -1, out _));
        Assert.Equal(
            Errno.BadDescriptor, client.Transport.Map(client.Device, 0x10000, out _));
        Assert.Equal(Errno.None, client.Detach());
        Assert.Equal(
            Errno.InputOutput, client.Transport.Map(client.ContextDescriptor, 0x10000, out _));
    }

    [Fact]
    public void Events_are_read_as_from_a_descriptor_and_end_with_the_context()
    {
        using ServedHostFixture served = new();
        TestClient client = served.Attached();
        int descriptor = client.ContextDescriptor;
        byte[] buffer = new byte[4096];
        Assert.Equal(Errno.None, client.Transport.Poll(descriptor, 0, out bool isReadable));
        Assert.False(isReadable);
        Assert.Equal(Errno.TryAgain, client.Transport.Read(descriptor, buffer, out _));
        Assert.Equal(
            Errno.InvalidArgument, client.Transport.Read(descriptor, buffer.AsSpan(1), out _));
        Assert.Equal(Errno.BadDescriptor, client.Transport.Read(client.Device, buffer, out _));

        // An IOARCB address that cannot be read.
        client.Window.Write(SislHostMap.Ioarrin, 0x1000);
        Assert.Equal(Errno.None, client.Transport.Poll(descriptor, 60_000, out isReadable));
        Assert.True(isReadable);
        Assert.Equal(Errno.None, client.Transport.Read(descriptor, buffer, out int length));
        CxlEventAfuInterrupt raised = AbiBytes.Read<CxlEventAfuInterrupt>(buffer);
        Assert.Equal(CxlEventAfuInterrupt.SizeInBytes, length);
        Assert.Equal(SislLisn.SyncError, raised.Irq);
        Assert.Equal(
            (ulong)SislSyncInterrupts.PermErrRcbRead,
            client.Window.Read(SislHostMap.IntrStatus));

        served.Adapter.Reset();
        Assert.Equal(
            Errno.InputOutput, client.Transport.Poll(descriptor, 60_000, out isReadable));
        Assert.False(isReadable);
        Assert.Equal(Errno.InputOutput, client.Transport.Read(descriptor, buffer, out _));
    }

    [Theory]
    [InlineData(SubmissionMode.CommandRooms, SharedRegisterAccess.Messages)]
    [InlineData(SubmissionMode.SubmissionQueue, SharedRegisterAccess.Messages)]
    [InlineData(SubmissionMode.SubmissionQueue, SharedRegisterAccess.SharedPage)]
    public void Commands_are_checked_as_everywhere(
        SubmissionMode mode, SharedRegisterAccess access)
    {
        using ServedHostFixture served = new(mode, access);
        TestClient client = served.Attached();
        uint handle = client.OpenVirtual(1);
        nint data = served.Data.Address;
        served.Data.Fill(3);
        client.ExecuteGood(ScsiOpcode.Write16, handle, 7, 1, data);
        client.ExecuteGood(ScsiOpcode.Read16, handle, 7, 1, data + 4096);
        Assert.Equal(served.Data.Block(0), served.Data.Block(1));

        SislIoarcb foreign = client.Command(ScsiOpcode.Read16, handle, 0, 1, data);
        foreign.CtxId += 10;
        Assert.Equal(SislAfuRc.CapViolation, client.Execute(foreign).AfuRc);
        Assert.Equal(
            SislAfuRc.LxtOutOfBounds,
            client.Execute(ScsiOpcode.Read16, handle, ServedHostFixture.ChunkBlocks, 1, data)
                .AfuRc);
        Assert.Equal(
            SislAfuRc.RhtRwPerm,
            client.Execute(ScsiOpcode.Read16, handle + 1, 0, 1, data).AfuRc);
        Assert.Equal(
            SislAfuRc.DataDmaErr,
            client.Execute(ScsiOpcode.Read16, handle, 0, 1, 0x1234_0000).AfuRc);

        // The window still works after all that.
        client.ExecuteGood(ScsiOpcode.Read16, handle, 7, 1, data + 4096);
        client.ResetContext();
        client.ExecuteGood(ScsiOpcode.Read16, handle, 7, 1, data + 4096);
    }

    [Theory]
    [InlineData(SubmissionMode.CommandRooms, SharedRegisterAccess.Messages)]
    [InlineData(SubmissionMode.SubmissionQueue, SharedRegisterAccess.SharedPage)]
    public void A_context_that_is_reset_reads_all_ones_until_it_is_recovered(
        SubmissionMode mode, SharedRegisterAccess access)
    {
        using ServedHostFixture served = new(mode, access);
        TestClient client = served.Attached();
        uint handle = client.OpenVirtual(1);
        Assert.Equal(Errno.None, client.TryRecover(out DkCxlflashRecoverAfu idle));
        Assert.Equal(DkCxlflashReturnFlags.None, idle.Hdr.ReturnFlags);

        served.Adapter.Reset();
        Assert.Equal(SislHostMap.AllOnes, client.Window.Read(SislHostMap.IntrStatus));
        Assert.Equal(SislHostMap.AllOnes, client.Window.Read(SislHostMap.CmdRoom));
        Assert.Equal(Errno.InvalidArgument, client.Verify(handle, out _));
        client.Recover();
        Assert.Equal(0UL, client.Window.Read(SislHostMap.IntrStatus));
        client.ExecuteGood(ScsiOpcode.Read16, handle, 7, 1, served.Data.Address);
        Assert.Equal(1, served.Driver.ContextCount);
    }

    [Fact]
    public void An_ioctl_that_sleeps_through_a_reset_holds_up_nobody()
    {
        using ServedHostFixture served = new();
        TestClient sleeper = served.Attached();
        TestClient other = served.Client();
        served.Driver.BeginReset();
        Errno recovered = Errno.Interrupted;
        TestThread thread = new(() => recovered = sleeper.TryRecover(out _));
        served.Driver.WaitForBlockedCallers(1);
        Assert.Equal(SislHostMap.AllOnes, sleeper.Window.Read(SislHostMap.CmdRoom));
        Assert.Equal(
            Errno.None, other.Transport.Open("/dev/sg0", DeviceAccess.Read, out int device));
        Assert.Equal(Errno.None, other.Transport.Close(device));
        served.Driver.EndReset();
        thread.Join();
        Assert.Equal(Errno.None, recovered);
    }

    [Fact]
    public void A_server_that_ends_wakes_who_sleeps_in_an_ioctl()
    {
        using ServedHostFixture served = new();
        TestClient sleeper = served.Attached();
        served.Driver.BeginReset();
        Errno recovered = Errno.None;
        TestThread thread = new(() => recovered = sleeper.TryRecover(out _));
        served.Driver.WaitForBlockedCallers(1);
        served.Server.Dispose();
        thread.Join();
        Assert.NotEqual(Errno.None, recovered);
    }

    [Fact]
    public void An_argument_in_memory_is_copied_in_and_out_or_is_a_bad_address()
    {
        using ServedHostFixture served = new();
        using RawConnection raw = RawConnection.Open(served.SocketPath);
        ulong device = raw.OpenDevice("/dev/sg0");
        DkCxlflashAttach attach = new() { NumInterrupts = 4 };
        AbiBytes.Write(served.Data.Bytes, in attach);
        Assert.Equal(
            Errno.BadAddress, raw.Ioctl(device, IoctlRequest.Attach, 0x1234_0000, out _));
        Assert.Equal(
            Errno.InvalidArgument, raw.Ioctl(device, 0xC090_CA7E, 0x1234_0000, out _));
        Assert.Equal(0, served.Driver.ContextCount);

        Assert.Equal(
            Errno.None,
            raw.Ioctl(
                device, IoctlRequest.Attach, (ulong)served.Data.Address, out ulong context));
        attach = AbiBytes.Read<DkCxlflashAttach>(served.Data.Bytes);
        Assert.NotEqual(0UL, context);
        Assert.Equal(ulong.MaxValue, attach.AdapFd);
        Assert.Equal(0x10000UL, attach.MmioSize);
        Assert.Equal(SharedFileKind.Context, raw.Identify(context));
        Assert.Equal(SharedFileKind.Device, raw.Identify(device));
    }

    [Fact]
    public void Ids_that_are_no_files_are_bad_descriptors()
    {
        using ServedHostFixture served = new();
        using RawConnection raw = RawConnection.Open(served.SocketPath);
        Assert.Equal(Errno.BadDescriptor, raw.Ioctl(1, IoctlRequest.Attach, 0x1000, out _));
        Assert.Equal(Errno.BadAddress, raw.ReadRegister(1, 0));
        ulong device = raw.OpenDevice("/dev/sg0");
        Assert.Equal(Errno.BadAddress, raw.ReadRegister(device, 0));
        ulong context = raw.Attach(device, served.Data);
        Assert.Equal(Errno.None, raw.ReadRegister(context, 8));
        Assert.Equal(Errno.InvalidArgument, raw.ReadRegister(context, 12));
        Assert.Equal(Errno.InvalidArgument, raw.ReadRegister(context, 0x10000));
    }
}
