using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver;

/// <summary>
/// The rows of SP §6.1, each under the number and name of the original's test, with 1, 2 and 4
/// ports and both ways of submission. <c>docs/superpipe.md</c> lists what is not here, and why.
/// </summary>
public sealed class SuperpipeRowTests
{
    private const ulong Chunk = 65_536;
    private const byte Read = ScsiOpcode.Read16;
    private const byte Write = ScsiOpcode.Write16;

    public static TheoryData<int, SubmissionMode> Machines => new()
    {
        { 1, SubmissionMode.CommandRooms },
        { 2, SubmissionMode.CommandRooms },
        { 4, SubmissionMode.CommandRooms },
        { 1, SubmissionMode.SubmissionQueue },
        { 2, SubmissionMode.SubmissionQueue },
        { 4, SubmissionMode.SubmissionQueue },
    };

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_9_and_10_DCA_INVALID_INTRPT_NUM_and_VALID_VALUES(
        int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient client = fixture.Client();
        Assert.Equal(Errno.InvalidArgument, client.TryAttach(out _, interrupts: 0x99));
        for (ulong interrupts = 1; interrupts <= 4; interrupts++)
        {
            Assert.Equal(Errno.None, client.TryAttach(out _, interrupts: interrupts));
        }
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_11_DCA_INVALID_FLAGS(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        Assert.Equal(Errno.None, fixture.Client().TryAttach(out _, flags: 0x999));
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_12_DCA_CALL_TWICE(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient client = fixture.Client();
        Assert.Equal(Errno.None, client.TryAttach(out DkCxlflashAttach first));
        Assert.Equal(Errno.None, client.TryAttach(out DkCxlflashAttach second));
        Assert.NotEqual(first.ContextId, second.ContextId);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_14_16_17_DCA_REUSE_CTX(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode, luns: 3);
        TestClient first = fixture.Attached();
        uint[] handles = [first.OpenVirtual(1), 0, 0];
        for (int lun = 1; lun < 3; lun++)
        {
            TestClient next = Reusing(fixture, first, $"/dev/sg{lun}", out ulong descriptor);
            Assert.Equal(ulong.MaxValue, descriptor);
            handles[lun] = lun == 1 ? next.OpenDirect() : next.OpenVirtual(1);
        }

        foreach (uint handle in handles)
        {
            first.ExecuteGood(Write, handle, handle, 1, fixture.Data.Address);
        }
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_15_DCA_REUSE_CTX_NEW_PLUN_DISK(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient first = fixture.Attached();
        TestClient second = fixture.Client(path: "/dev/sg1").Attach();
        second.OpenDirect();
        Reusing(fixture, first, "/dev/sg1", out _).OpenDirect();
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_18_DCA_REUSE_CTX_OF_DETACH_CTX(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient first = fixture.Attached();
        Assert.Equal(Errno.None, first.Detach());
        Assert.Equal(
            Errno.InvalidArgument,
            fixture.Client(path: "/dev/sg1").TryAttach(out _, reuse: first.ContextId));
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_19_and_20_DCA_REUSE_CTX_RELEASED_and_AFTER_EEH(
        int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient first = fixture.Attached();
        Assert.Equal(Errno.None, first.Release(first.OpenVirtual(1)));
        Freeze(fixture);
        first.Recover();
        TestClient second = Reusing(fixture, first, "/dev/sg1", out _);
        first.ExecuteGood(Read, second.OpenVirtual(1), 0, 1, fixture.Data.Address);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_22_DCRC_NO_EEH(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient client = fixture.Attached();
        Assert.Equal(Errno.None, client.TryRecover(out DkCxlflashRecoverAfu recovered));
        Assert.Equal(DkCxlflashReturnFlags.None, recovered.Hdr.ReturnFlags);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_28_DCRC_DETACHED_CTX(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient client = fixture.Attached();
        Assert.Equal(Errno.None, client.Detach());
        Assert.Equal(Errno.InvalidArgument, client.TryRecover(out _));
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_21_23_to_27_115_DCRC_EEH(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient client = fixture.Attached();
        uint[] virtuals = [client.OpenVirtual(Chunk), client.OpenVirtual(2 * Chunk)];
        uint direct = Reusing(fixture, client, "/dev/sg1", out _).OpenDirect();
        fixture.Data.Fill(1);
        client.ExecuteGood(Write, virtuals[1], Chunk + 3, 1, fixture.Data.Address);
        Freeze(fixture);

        // While it waits: resize and release work.
        Assert.Equal(Errno.None, client.Resize(virtuals[0], 3 * Chunk, out _));
        client.Recover();
        Assert.Equal(Errno.None, client.Release(virtuals[0]));
        client.ExecuteGood(Read, virtuals[1], Chunk + 3, 1, fixture.Data.Address + 4096);
        client.ExecuteGood(Read, direct, 9, 1, fixture.Data.Address + 8192);
        Assert.Equal(fixture.Data.Block(0), fixture.Data.Block(1));
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_113_and_114_DCRC_INVALID_FLAG_and_REASON(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient client = fixture.Attached();
        DkCxlflashRecoverAfu argument = default;
        argument.Hdr.Flags = 0x4000_0000_0000_0BAD;
        argument.Reason = 0xBAD;
        argument.ContextId = client.ContextId;
        Assert.Equal(Errno.None, client.Ioctl(IoctlRequest.RecoverAfu, ref argument));
        Assert.Equal(0xBADul, argument.Reason);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_30_and_43_DCUD_and_DCUV_INVALID_CTX(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient client = fixture.Attached();
        Assert.Equal(Errno.InvalidArgument, client.TryOpenDirect(out _, 0x3fff7b29));
        Assert.Equal(Errno.InvalidArgument, client.TryOpenVirtual(1, out _, context: 0x99));
        Assert.Equal(LunMode.None, fixture.Adapter.Driver.Devices[0].Lun!.Parent.Mode);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_32_33_34_DCUD_VALID_FLAGS_TWICE(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient client = fixture.Attached();
        DkCxlflashUdirect argument = default;
        argument.Hdr.Flags = ulong.MaxValue;
        argument.ContextId = client.ContextId;
        Assert.Equal(Errno.None, client.Ioctl(IoctlRequest.UserDirect, ref argument));
        Assert.Equal((8 * Chunk) + 6, argument.LastLba);
        Assert.Equal(1u, client.OpenDirect());
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_35_36_45_53_54_211_one_LUN_in_two_modes(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        Assert.Equal(Errno.InvalidArgument, client.TryOpenDirect(out _));
        Assert.Equal(Errno.InvalidArgument, fixture.Attached().TryOpenDirect(out _));
        Assert.Equal(Errno.None, client.Release(handle));
        handle = client.OpenDirect();
        Assert.Equal(Errno.InvalidArgument, client.TryOpenVirtual(1, out _));
        Assert.Equal(Errno.InvalidArgument, fixture.Attached().TryOpenVirtual(1, out _));
        Assert.Equal(Errno.None, client.Release(handle));
        client.OpenVirtual(1);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_37_38_52_57_create_destroy_other_mode_in_loops_of_100(
        int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient client = fixture.Attached();
        for (int i = 0; i < 100; i++)
        {
            uint handle = i % 2 == 0 ? client.OpenVirtual(Chunk) : client.OpenDirect();
            Assert.Equal(0u, handle);
            Assert.Equal(Errno.None, client.Release(handle));
        }
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_44_46_DCUV_of_size_0(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient client = fixture.Attached();
        for (uint i = 0; i < 2; i++)
        {
            Assert.Equal(Errno.None, client.TryOpenVirtual(0, out DkCxlflashUvirtual opened));
            Assert.Equal(ulong.MaxValue, opened.LastLba);
            Assert.Equal(i, opened.RsrcHandle);
            Assert.Equal(
                ports > 1 ? DkCxlflashReturnFlags.AllPortsActive : DkCxlflashReturnFlags.None,
                opened.Hdr.ReturnFlags);
        }
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_47_DCUV_NO_FURTHER_CAPACITY(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient client = fixture.Attached();
        client.OpenVirtual(8 * Chunk);
        Assert.Equal(Errno.NoSpace, client.TryOpenVirtual(1, out _));
        Assert.Equal(Errno.None, client.TryOpenVirtual(0, out _));
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_48_to_51_63_many_VLUNs_and_larger_than_the_disk(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient client = fixture.Attached();
        uint[] handles = [.. Enumerable.Range(0, 8).Select(_ => client.OpenVirtual(1))];
        Array.ForEach(handles, handle => Assert.Equal(Errno.None, client.Release(handle)));
        Assert.Equal(Errno.None, client.TryOpenVirtual((8 * Chunk) + 7, out var whole));
        Assert.Equal((8 * Chunk) - 1, whole.LastLba);
        Assert.Equal(Errno.None, client.Release(whole.RsrcHandle));
        Assert.Equal(Errno.None, client.TryOpenVirtual(99 * Chunk, out whole));
        Assert.Equal((8 * Chunk) - 1, whole.LastLba);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_60_61_62_DCVR_bad_ctx_no_vlun_on_plun(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient client = fixture.Attached();
        Assert.Equal(Errno.InvalidArgument, client.Resize(0, 1, out _));
        uint handle = client.OpenVirtual(1);
        Assert.Equal(Errno.InvalidArgument, client.Resize(handle, 1, out _, context: 0x99));
        Assert.Equal(Errno.None, client.Release(handle));
        Assert.Equal(Errno.InvalidArgument, client.Resize(client.OpenDirect(), 1, out _));
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_64_to_75_DCVR_of_all_sizes(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(0);
        uint other = client.OpenVirtual(2 * Chunk);
        ulong[] sizes =
        [
            1, Chunk, Chunk + 1, 3 * Chunk, (3 * Chunk) - 1, 2 * Chunk, Chunk - 1, 0, 6 * Chunk,
            5 * Chunk, 6 * Chunk, 8 * Chunk, 100 * Chunk, 0, 0, 4 * Chunk,
        ];
        foreach (ulong size in sizes)
        {
            ulong chunks = Math.Min((size + Chunk - 1) / Chunk, 6);
            Errno errno = client.Resize(handle, size, out ulong lastLba);
            bool isFull = size > 6 * Chunk
                && fixture.Adapter.Driver.ChunksOf(0)!.FreeCount == 0;
            Assert.Equal(isFull ? Errno.NoSpace : Errno.None, errno);
            Assert.Equal(isFull ? 0 : unchecked((chunks * Chunk) - 1), lastLba);
        }

        Assert.Equal(Errno.None, client.Verify(other, out ulong otherLba));
        Assert.Equal((2 * Chunk) - 1, otherLba);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_77_to_82_DCR(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient client = fixture.Attached();
        Assert.Equal(Errno.InvalidArgument, client.Release(0));
        for (int i = 0; i < 2; i++)
        {
            uint handle = i == 0 ? client.OpenDirect() : client.OpenVirtual(1);
            Assert.Equal(Errno.InvalidArgument, client.Release(handle, context: 0x99));
            Assert.Equal(Errno.None, client.Release(handle));
            Assert.Equal(Errno.InvalidArgument, client.Release(handle));
        }

        uint[] handles = [.. Enumerable.Range(0, 16).Select(_ => client.OpenVirtual(0))];
        foreach (uint handle in handles)
        {
            Assert.Equal(Errno.InvalidArgument, client.Release(0xdead + handle));
            Assert.Equal(Errno.None, client.Release(handle));
        }
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_84_85_86_DCD(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        for (int i = 0; i < 2; i++)
        {
            TestClient client = fixture.Attached();
            _ = i == 0 ? client.OpenDirect() : client.OpenVirtual(1);
            Assert.Equal(Errno.InvalidArgument, client.Detach(0xdeaddead));
            Assert.Equal(Errno.None, client.Detach());
            Assert.Equal(Errno.InvalidArgument, client.Detach());
        }
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_88_89_93_95_to_102_DCV(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(2 * Chunk);
        DkCxlflashVerify argument = default;
        argument.Hdr.Flags = 0x8;
        argument.ContextId = client.ContextId;
        argument.RsrcHandle = handle;
        Assert.Equal(Errno.None, client.Ioctl(IoctlRequest.Verify, ref argument));
        Assert.Equal((2 * Chunk) - 1, argument.LastLba);
        byte[] sense = [0x70, 0, 6, 0, 0, 0, 0, 0x0A, 0, 0, 0, 0, 0x29, 0, 0, 0, 0, 0];
        Assert.Equal(Errno.None, client.Verify(handle, out ulong lastLba, sense));
        Assert.Equal((2 * Chunk) - 1, lastLba);
        Assert.Equal(Errno.None, client.Release(handle));
        Assert.Equal(Errno.InvalidArgument, client.Verify(handle, out _));
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_92_94_103_DCV_after_EEH(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(2 * Chunk);
        Freeze(fixture);
        Assert.Equal(Errno.InvalidArgument, client.Verify(handle, out _));
        client.Recover();
        Assert.Equal(Errno.None, client.Verify(handle, out ulong lastLba));
        Assert.Equal((2 * Chunk) - 1, lastLba);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_190_203_many_children_again_and_again(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient parent = fixture.Attached(100);
        for (int round = 0; round < 2; round++)
        {
            HostProcess[] children =
                [.. Enumerable.Range(200, 10).Select(parent.Process.Fork)];
            foreach (HostProcess child in children)
            {
                TestClient client = fixture.Client(child.Caller.ProcessId);
                while (client.TryAttach(out _) == Errno.None
                    && fixture.Adapter.Driver.ContextCount % 51 != 0)
                {
                    client.OpenVirtual(0);
                }
            }

            Assert.True(fixture.Adapter.Driver.ContextCount > 500);
            Array.ForEach(children, child => child.Exit());
            Assert.Equal(1, fixture.Adapter.Driver.ContextCount);
            Assert.Equal(0, fixture.Adapter.Driver.HandleCount);
        }
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_196_many_contexts_over_two_disks(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient[] clients = [.. Enumerable.Range(0, 19).Select(
            _ => fixture.Client(path: "/dev/sg1").Attach())];
        Array.ForEach(clients, client => client.OpenVirtual(0));
        TestClient reusing = Reusing(fixture, clients[3], "/dev/sg0", out _);
        uint writer = reusing.OpenDirect();
        TestClient reader = fixture.Attached();
        uint handle = reader.OpenDirect();
        fixture.Data.Fill(3);
        clients[3].ExecuteGood(Write, writer, 50, 1, fixture.Data.Address);
        reader.ExecuteGood(Read, handle, 50, 1, fixture.Data.Address + 4096);
        Assert.Equal(fixture.Data.Block(0), fixture.Data.Block(1));
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_197_handle_number_of_another_context(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient client = fixture.Attached();
        TestClient other = fixture.Attached();
        other.OpenVirtual(1);
        uint handle = other.OpenVirtual(1);
        Assert.Equal(Errno.InvalidArgument, client.Resize(handle, 5, out _));
        Assert.Equal(Errno.InvalidArgument, client.Release(handle));
        client.OpenVirtual(1);
        Assert.Equal(Errno.None, client.TryRecover(out _));
        Assert.Equal(Errno.InvalidArgument, client.TryAttach(out _, reuse: client.ContextId));
        Assert.Equal(Errno.None, client.Detach());
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_198_218_219_the_parents_context_in_the_child(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient parent = fixture.Attached(100);
        uint handle = parent.OpenVirtual(1);
        HostProcess process = parent.Process.Fork(200);
        TestClient child = fixture.Client(200);
        child.ContextId = parent.ContextId;
        Assert.Equal(Errno.InvalidArgument, child.Resize(handle, 5, out _));
        Assert.Equal(Errno.InvalidArgument, child.Release(handle));
        Assert.Equal(Errno.InvalidArgument, child.TryOpenVirtual(1, out _));
        Assert.Equal(Errno.InvalidArgument, child.TryRecover(out _));
        Assert.Equal(Errno.InvalidArgument, child.TryAttach(out _, reuse: parent.ContextId));
        Assert.Equal(Errno.None, process.Close(parent.ContextDescriptor));
        Assert.Equal(Errno.InvalidArgument, child.Detach());
        Assert.Equal(Errno.None, parent.Resize(handle, 5, out _));
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_210_fd1_O_RDONLY(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        using TestClient client = new(fixture.Adapter, access: DeviceAccess.Read);
        Assert.Equal(Errno.NotPermitted, client.TryAttach(out _));
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_215_216_REUSE_onto_the_2nd_disk_and_DETACH_the_1st(
        int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient first = fixture.Attached();
        first.OpenVirtual(Chunk);
        TestClient second = Reusing(fixture, first, "/dev/sg1", out _);
        Assert.Equal(Errno.None, first.Detach());
        for (ulong i = 1; i < 5; i++)
        {
            uint handle = second.OpenVirtual(i * Chunk);
            first.ExecuteGood(Read, handle, (i * Chunk) - 1, 1, fixture.Data.Address);
            Assert.Equal(Errno.None, second.Release(handle));
        }

        Assert.Equal(Errno.None, second.Detach());
        Assert.Equal(0, fixture.Adapter.Driver.ContextCount);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_IOCTL_SPIO_ERRCASE(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient client = fixture.Attached();
        Assert.Equal(Errno.InvalidArgument, client.Detach(1));
        Assert.Equal(Errno.InvalidArgument, client.TryOpenDirect(out _, 1));
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_MAX_CTX_and_CRSS_LIMIT(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode);
        TestClient client = fixture.Client();
        for (int i = 0; i < 508; i++)
        {
            Assert.Equal(Errno.None, client.TryAttach(out _));
        }

        Assert.Equal(Errno.NoDevice, client.TryAttach(out _));
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_MAX_VLUNS(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode, handles: 4096);
        TestClient client = fixture.Attached();
        for (uint i = 0; i < 1024; i++)
        {
            Assert.Equal(i, client.OpenVirtual(0));
        }
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Row_DK_CAPI_CLONE(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(ports, mode, chunks: 20);
        TestClient parent = fixture.Attached(100);
        for (uint i = 0; i < 16; i++)
        {
            fixture.Data.Block(0).Fill((byte)(i + 1));
            parent.ExecuteGood(Write, parent.OpenVirtual(1), 5, 1, fixture.Data.Address);
        }

        uint[] closed = [1, 7, 10, 12, 15];
        Array.ForEach(closed, handle => Assert.Equal(Errno.None, parent.Release(handle)));
        parent.Process.Fork(200);
        TestClient child = fixture.Client(200).Attach();
        Assert.Equal(Errno.None, child.Clone(parent.ContextId));
        Assert.Equal(Errno.None, child.Transport.Close(parent.ContextDescriptor));
        for (uint i = 0; i < 16; i++)
        {
            SislIoasa ioasa = child.Execute(Read, i, 5, 1, fixture.Data.Address);
            bool isClosed = closed.Contains(i);
            Assert.Equal(isClosed ? SislAfuRc.RhtRwPerm : SislAfuRc.None, ioasa.AfuRc);
            Assert.True(isClosed || fixture.Data.Bytes[0] == i + 1);
        }

        Assert.Equal(closed, closed.Select(_ => child.OpenVirtual(1)));
        Assert.Equal(Errno.None, parent.Detach());
    }

    private static SimulatedAdapterFixture Fixture(
        int ports, SubmissionMode mode, int luns = 2, int chunks = 8, int handles = 256) =>
        new(mode, chunks, luns, ports: ports, handles: handles);

    private static void Freeze(SimulatedAdapterFixture fixture)
    {
        Assert.Equal(EehResult.NeedReset, fixture.Adapter.Driver.EehFrozen());
        Assert.Equal(EehResult.Recovered, fixture.Adapter.Driver.EehSlotReset());
        fixture.Adapter.Driver.EehResume();
    }

    private static TestClient Reusing(
        SimulatedAdapterFixture fixture, TestClient first, string path, out ulong descriptor)
    {
        TestClient next = fixture.Client(path: path);
        Assert.Equal(
            Errno.None, next.TryAttach(out DkCxlflashAttach attach, reuse: first.ContextId));
        descriptor = attach.AdapFd;
        next.ContextId = first.ContextId;
        return next;
    }
}
