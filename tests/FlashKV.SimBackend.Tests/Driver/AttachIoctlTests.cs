using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver;

/// <summary>ATTACH, DETACH and the dispatcher; rows of SP §6.1.</summary>
public sealed class AttachIoctlTests : IDisposable
{
    private readonly SimulatedAdapterFixture _fixture = new(luns: 2);

    public static TheoryData<uint> DkRequests =>
    [
        IoctlRequest.Attach, IoctlRequest.UserDirect, IoctlRequest.Release, IoctlRequest.Detach,
        IoctlRequest.Verify, IoctlRequest.RecoverAfu, IoctlRequest.ManageLun,
        IoctlRequest.UserVirtual, IoctlRequest.VlunResize, IoctlRequest.VlunClone,
    ];

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [MemberData(nameof(DkRequests))]
    public void Invalid_versions_are_refused_on_each_ioctl(uint request)
    {
        TestClient client = _fixture.Client();
        foreach (ushort version in new ushort[] { 1, 99, 1000 })
        {
            byte[] argument = new byte[IoctlRequest.SizeOf(request)];
            BitConverter.TryWriteBytes(argument, version);
            Assert.Equal(
                Errno.InvalidArgument,
                client.Transport.Ioctl(client.Device, request, argument));
        }
    }

    [Theory]
    [MemberData(nameof(DkRequests))]
    public void Reserved_bytes_and_return_flags_must_be_zero(uint request)
    {
        TestClient client = _fixture.Client();
        foreach (int offset in new[] { 2, 7, 16, 23 })
        {
            byte[] argument = new byte[IoctlRequest.SizeOf(request)];
            argument[offset] = 1;
            Assert.Equal(
                Errno.InvalidArgument,
                client.Transport.Ioctl(client.Device, request, argument));
        }
    }

    [Theory]
    [MemberData(nameof(DkRequests))]
    public void A_short_argument_is_a_bad_address_and_stays_unchanged(uint request)
    {
        TestClient client = _fixture.Client();
        byte[] argument = new byte[IoctlRequest.SizeOf(request) - 1];
        Assert.Equal(
            Errno.BadAddress, client.Transport.Ioctl(client.Device, request, argument));
        Assert.True(argument.AsSpan().IndexOfAnyExcept((byte)0) < 0);
    }

    [Fact]
    public void Unknown_commands_and_descriptors_are_refused()
    {
        TestClient client = _fixture.Client();
        byte[] argument = new byte[4096];
        Assert.Equal(
            Errno.InvalidArgument,
            client.Transport.Ioctl(client.Device, 0xC0FFCA8A, argument));
        Assert.Equal(
            Errno.BadDescriptor,
            client.Transport.Ioctl(999, IoctlRequest.Attach, argument));
        Assert.Equal(
            Errno.NoEntry,
            client.Transport.Open("/dev/sg99", DeviceAccess.ReadWrite, out _));
    }

    [Fact]
    public void A_device_opened_for_reading_only_is_not_permitted()
    {
        using TestClient client = new(
            _fixture.Adapter, path: "/dev/sg0", access: DeviceAccess.Read);
        Assert.Equal(Errno.NotPermitted, client.TryAttach(out _));
    }

    [Fact]
    public void Attach_describes_context_and_lun()
    {
        TestClient client = _fixture.Client();
        Assert.Equal(Errno.None, client.TryAttach(out DkCxlflashAttach attach));
        Assert.Equal(0x10000ul, attach.MmioSize);
        Assert.Equal(4096ul, attach.BlockSize);
        Assert.Equal((8ul * 65536) + 7 - 1, attach.LastLba);
        Assert.Equal(4096ul, attach.MaxXfer);
        Assert.Equal(DkCxlflashReturnFlags.AppCloseAdapFd, attach.Hdr.ReturnFlags);
        Assert.NotEqual(0u, new ContextId(attach.ContextId).Generation);
    }

    [Fact]
    public void Attach_in_ring_mode_says_so()
    {
        using SimulatedAdapterFixture fixture = new(SubmissionMode.SubmissionQueue);
        Assert.Equal(Errno.None, fixture.Client().TryAttach(out DkCxlflashAttach attach));
        Assert.True(attach.Hdr.ReturnFlags.HasFlag(DkCxlflashReturnFlags.ContextSqCmdMode));
    }

    [Fact]
    public void Dca_invalid_interrupt_numbers_are_refused()
    {
        TestClient client = _fixture.Client();
        Assert.Equal(Errno.InvalidArgument, client.TryAttach(out _, interrupts: 0x99));
        Assert.Equal(Errno.InvalidArgument, client.TryAttach(out _, interrupts: 5));
        Assert.Equal(Errno.InvalidArgument, client.TryAttach(out _, interrupts: 0));
        Assert.Equal(Errno.None, client.TryAttach(out _, interrupts: 3));
    }

    [Fact]
    public void Dca_invalid_flags_are_ignored() =>
        Assert.Equal(Errno.None, _fixture.Client().TryAttach(out _, flags: 0x998));

    [Fact]
    public void Dca_call_twice_makes_two_contexts()
    {
        TestClient client = _fixture.Client();
        Assert.Equal(Errno.None, client.TryAttach(out DkCxlflashAttach first));
        Assert.Equal(Errno.None, client.TryAttach(out DkCxlflashAttach second));
        Assert.NotEqual(first.ContextId, second.ContextId);
        Assert.NotEqual(first.AdapFd, second.AdapFd);
    }

    [Fact]
    public void Dca_reuse_ctx_adds_a_lun_and_gives_no_descriptor()
    {
        TestClient first = _fixture.Attached();
        TestClient second = _fixture.Client(path: "/dev/sg1");
        Assert.Equal(
            Errno.None, second.TryAttach(out DkCxlflashAttach reused, reuse: first.ContextId));
        Assert.Equal(ulong.MaxValue, reused.AdapFd);
        Assert.Equal(DkCxlflashReturnFlags.None, reused.Hdr.ReturnFlags);
        Assert.Equal(
            Errno.InvalidArgument, second.TryAttach(out _, reuse: first.ContextId));

        // Rows 215, 216: the context survives the first disk.
        Assert.Equal(Errno.None, first.Detach());
        second.ContextId = first.ContextId;
        uint handle = second.OpenVirtual(1);
        Assert.Equal(Errno.None, second.Resize(handle, 70_000, out _));
        Assert.Equal(Errno.None, second.Detach());
        Assert.Equal(0, _fixture.Adapter.Driver.ContextCount);
    }

    [Fact]
    public void Dca_reuse_of_a_detached_context_is_refused()
    {
        TestClient client = _fixture.Attached();
        ulong old = client.ContextId;
        Assert.Equal(Errno.None, client.Detach());
        TestClient other = _fixture.Client(path: "/dev/sg1");
        Assert.Equal(Errno.InvalidArgument, other.TryAttach(out _, reuse: old));
    }

    [Fact]
    public void Dcd_bad_context_and_second_detach_are_refused()
    {
        TestClient client = _fixture.Attached();
        Assert.Equal(Errno.InvalidArgument, client.Detach(0xdeaddead));
        Assert.Equal(Errno.None, client.Detach());
        Assert.Equal(Errno.InvalidArgument, client.Detach());
    }

    [Fact]
    public void The_whole_context_id_must_match()
    {
        TestClient client = _fixture.Attached();
        Assert.Equal(Errno.InvalidArgument, client.Detach(client.Handle));
        Assert.Equal(Errno.InvalidArgument, client.Detach(client.ContextId + (1ul << 32)));
    }

    [Fact]
    public void Another_process_cannot_use_a_context()
    {
        // Rows 198, 218, 219.
        TestClient parent = _fixture.Attached(process: 100);
        uint handle = parent.OpenVirtual(1);
        TestClient child = _fixture.Client(process: 200, parent: 100);
        child.ContextId = parent.ContextId;
        Assert.Equal(Errno.InvalidArgument, child.Resize(handle, 5, out _));
        Assert.Equal(Errno.InvalidArgument, child.Release(handle));
        Assert.Equal(Errno.InvalidArgument, child.TryOpenVirtual(1, out _));
        Assert.Equal(Errno.InvalidArgument, child.TryRecover(out _));
        Assert.Equal(Errno.InvalidArgument, child.Verify(handle, out _));
        Assert.Equal(Errno.InvalidArgument, child.TryAttach(out _, reuse: parent.ContextId));
        Assert.Equal(Errno.InvalidArgument, child.Detach());
    }

    [Fact]
    public void Max_ctx_are_granted_and_no_more_and_all_come_back()
    {
        // Rows MAX_CTX, CRSS_LIMIT, 190, 203.
        TestClient client = _fixture.Client();
        for (int round = 0; round < 2; round++)
        {
            List<(ulong Id, int Descriptor)> contexts = [];
            for (int i = 0; i < 508; i++)
            {
                Assert.Equal(Errno.None, client.TryAttach(out DkCxlflashAttach attach));
                contexts.Add((attach.ContextId, (int)attach.AdapFd));
            }

            Assert.Equal(Errno.NoDevice, client.TryAttach(out _));
            foreach ((ulong id, int descriptor) in contexts)
            {
                Assert.Equal(Errno.None, client.Detach(id));
                Assert.Equal(Errno.None, client.Transport.Close(descriptor));
            }

            Assert.Equal(0, _fixture.Adapter.Driver.ContextCount);
        }
    }

    [Fact]
    public void Process_elements_return_with_the_last_reference_only()
    {
        using SimulatedAdapterFixture fixture = new(contexts: 1);
        TestClient client = fixture.Attached();
        Assert.Equal(Errno.None, client.Detach());
        Assert.Equal(Errno.NoDevice, client.TryAttach(out _));
        int old = client.ContextDescriptor;
        Assert.Equal(Errno.None, client.Transport.Close(old));
        Assert.Equal(Errno.NoDevice, client.TryAttach(out _));
        client.Transport.Unmap(client.Window);
        Assert.Equal(Errno.None, client.TryAttach(out _));
    }

    [Fact]
    public void Last_close_of_the_context_descriptor_by_the_owner_ends_the_context()
    {
        TestClient client = _fixture.Attached();
        client.OpenVirtual(3 * 65536);
        client.Transport.Unmap(client.Window);
        Assert.Equal(Errno.None, client.Transport.Close(client.ContextDescriptor));
        Assert.Equal(0, _fixture.Adapter.Driver.ContextCount);
        Assert.Equal(0, _fixture.Adapter.Driver.HandleCount);
        Assert.Null(_fixture.Adapter.Driver.ChunksOf(0));
        Assert.Equal(Errno.InvalidArgument, client.Detach());
    }

    [Fact]
    public void A_window_longer_than_the_area_is_refused()
    {
        TestClient client = _fixture.Client();
        Assert.Equal(Errno.None, client.TryAttach(out _));
        Assert.Equal(
            Errno.InvalidArgument,
            client.Transport.Map(client.ContextDescriptor, 0x10001, out _));
        Assert.Equal(
            Errno.BadDescriptor, client.Transport.Map(client.Device, 0x10000, out _));
    }

    [Fact]
    public void A_detached_window_reads_all_ones()
    {
        TestClient client = _fixture.Attached();
        Assert.NotEqual(ulong.MaxValue, client.Window.Read(SislHostMap.CmdRoom));
        Assert.Equal(Errno.None, client.Detach());
        Assert.Equal(ulong.MaxValue, client.Window.Read(SislHostMap.CmdRoom));
        client.Window.Write(SislHostMap.Ioarrin, 1);
        client.Window.Wait();
    }

    [Fact]
    public void Manage_lun_switches_modes_and_refuses_while_in_use()
    {
        TestClient client = _fixture.Attached();
        uint handle = client.OpenVirtual(1);
        Assert.Equal(Errno.Busy, Manage(client, DkCxlflashManageLun.DisableSuperpipe));
        Assert.Equal(Errno.None, client.Release(handle));
        client.Leave();

        TestClient again = _fixture.Client();
        Assert.Equal(Errno.None, Manage(again, DkCxlflashManageLun.DisableSuperpipe));
        Assert.Equal(Errno.InvalidArgument, again.TryAttach(out _));
        Assert.Equal(
            Errno.None,
            Manage(
                again,
                DkCxlflashManageLun.EnableSuperpipe | DkCxlflashManageLun.DisableSuperpipe));
        Assert.Equal(Errno.None, again.TryAttach(out _));
    }

    [Fact]
    public void Attach_over_a_dead_port_finds_no_device()
    {
        _fixture.Adapter.SetLink(0, isUp: false);
        TestClient client = _fixture.Client();
        Assert.Equal(Errno.NoDevice, client.TryAttach(out _));
        _fixture.Adapter.SetLink(0, isUp: true);
        Assert.Equal(Errno.None, client.TryAttach(out _));
    }

    private static Errno Manage(TestClient client, ulong flags)
    {
        DkCxlflashManageLun argument = default;
        argument.Hdr.Flags = flags;
        argument.Wwid[0] = 0x60;
        return client.Transport.Ioctl(
            client.Device, IoctlRequest.ManageLun, AbiBytes.Of(ref argument));
    }
}
