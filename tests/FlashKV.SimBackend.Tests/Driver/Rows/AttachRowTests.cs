using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver.Rows;

/// <summary>
/// Rows of SP §6.1: ATTACH and DETACH, contexts and their limits.
/// See <see cref="RowMachine"/>.
/// </summary>
public sealed class AttachRowTests
{
    private const ulong Chunk = RowMachine.Chunk;
    private const byte Read = ScsiOpcode.Read16;
    private const byte Write = ScsiOpcode.Write16;

    [Theory]
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_9_and_10_DCA_INVALID_INTRPT_NUM_and_VALID_VALUES(
        int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
        TestClient client = fixture.Client();
        Assert.Equal(Errno.InvalidArgument, client.TryAttach(out _, interrupts: 0x99));
        for (ulong interrupts = 1; interrupts <= 4; interrupts++)
        {
            Assert.Equal(Errno.None, client.TryAttach(out _, interrupts: interrupts));
        }
    }

    [Theory]
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_IOCTL_INVALID_VERSIONS_of_each_ioctl(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
        TestClient client = fixture.Attached();
        client.OpenVirtual(1);
        uint[] requests =
        [
            IoctlRequest.Attach, IoctlRequest.UserDirect, IoctlRequest.Release,
            IoctlRequest.Detach, IoctlRequest.Verify, IoctlRequest.RecoverAfu,
            IoctlRequest.ManageLun, IoctlRequest.UserVirtual, IoctlRequest.VlunResize,
            IoctlRequest.VlunClone,
        ];
        foreach (uint request in requests)
        {
            // With a good version the context is found, or the argument is refused later.
            byte[] argument = new byte[IoctlRequest.SizeOf(request)];
            foreach (ushort version in new ushort[] { 1, 99, 1000 })
            {
                BitConverter.TryWriteBytes(argument, version);
                Assert.Equal(
                    Errno.InvalidArgument,
                    client.Transport.Ioctl(client.Device, request, argument));
                Assert.Equal(version, BitConverter.ToUInt16(argument));
            }
        }

        // ATTACH and MANAGE_LUN take anything else that is zero, but for the interrupts.
        byte[] manage = new byte[DkCxlflashManageLun.SizeInBytes];
        Assert.Equal(
            Errno.None, client.Transport.Ioctl(client.Device, IoctlRequest.ManageLun, manage));
        Assert.Equal(1, fixture.Adapter.Driver.ContextCount);
        Assert.Equal(1, fixture.Adapter.Driver.HandleCount);
    }

    [Theory]
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_11_DCA_INVALID_FLAGS(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
        Assert.Equal(Errno.None, fixture.Client().TryAttach(out _, flags: 0x999));
    }

    [Theory]
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_12_DCA_CALL_TWICE(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
        TestClient client = fixture.Client();
        Assert.Equal(Errno.None, client.TryAttach(out DkCxlflashAttach first));
        Assert.Equal(Errno.None, client.TryAttach(out DkCxlflashAttach second));
        Assert.NotEqual(first.ContextId, second.ContextId);
    }

    [Theory]
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_14_16_17_DCA_REUSE_CTX(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode, luns: 3);
        TestClient first = fixture.Attached();
        uint[] handles = [first.OpenVirtual(1), 0, 0];
        for (int lun = 1; lun < 3; lun++)
        {
            TestClient next = RowMachine.Reusing(
                fixture, first, $"/dev/sg{lun}", out ulong descriptor);
            Assert.Equal(ulong.MaxValue, descriptor);
            handles[lun] = lun == 1 ? next.OpenDirect() : next.OpenVirtual(1);
        }

        foreach (uint handle in handles)
        {
            first.ExecuteGood(Write, handle, handle, 1, fixture.Data.Address);
        }
    }

    [Theory]
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_15_DCA_REUSE_CTX_NEW_PLUN_DISK(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
        TestClient first = fixture.Attached();
        TestClient second = fixture.Client(path: "/dev/sg1").Attach();
        second.OpenDirect();
        RowMachine.Reusing(fixture, first, "/dev/sg1", out _).OpenDirect();
    }

    [Theory]
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_18_DCA_REUSE_CTX_OF_DETACH_CTX(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
        TestClient first = fixture.Attached();
        Assert.Equal(Errno.None, first.Detach());
        Assert.Equal(
            Errno.InvalidArgument,
            fixture.Client(path: "/dev/sg1").TryAttach(out _, reuse: first.ContextId));
    }

    [Theory]
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_19_and_20_DCA_REUSE_CTX_RELEASED_and_AFTER_EEH(
        int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
        TestClient first = fixture.Attached();
        Assert.Equal(Errno.None, first.Release(first.OpenVirtual(1)));
        RowMachine.Freeze(fixture);
        first.Recover();
        TestClient second = RowMachine.Reusing(fixture, first, "/dev/sg1", out _);
        first.ExecuteGood(Read, second.OpenVirtual(1), 0, 1, fixture.Data.Address);
    }

    [Theory]
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_84_85_86_DCD(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
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
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_196_many_contexts_over_two_disks(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
        TestClient[] clients = [.. Enumerable.Range(0, 19).Select(
            _ => fixture.Client(path: "/dev/sg1").Attach())];
        Array.ForEach(clients, client => client.OpenVirtual(0));
        TestClient reusing = RowMachine.Reusing(fixture, clients[3], "/dev/sg0", out _);
        uint writer = reusing.OpenDirect();
        TestClient reader = fixture.Attached();
        uint handle = reader.OpenDirect();
        fixture.Data.Fill(3);
        clients[3].ExecuteGood(Write, writer, 50, 1, fixture.Data.Address);
        reader.ExecuteGood(Read, handle, 50, 1, fixture.Data.Address + 4096);
        Assert.Equal(fixture.Data.Block(0), fixture.Data.Block(1));
    }

    [Theory]
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_210_fd1_O_RDONLY(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
        using TestClient client = new(fixture.Adapter, access: DeviceAccess.Read);
        Assert.Equal(Errno.NotPermitted, client.TryAttach(out _));
    }

    [Theory]
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_215_216_REUSE_onto_the_2nd_disk_and_DETACH_the_1st(
        int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
        TestClient first = fixture.Attached();
        first.OpenVirtual(Chunk);
        TestClient second = RowMachine.Reusing(fixture, first, "/dev/sg1", out _);
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
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_IOCTL_SPIO_ERRCASE(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
        TestClient client = fixture.Attached();
        Assert.Equal(Errno.InvalidArgument, client.Detach(1));
        Assert.Equal(Errno.InvalidArgument, client.TryOpenDirect(out _, 1));
    }

    [Theory]
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_MAX_CTX_and_CRSS_LIMIT(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
        TestClient client = fixture.Client();
        for (int i = 0; i < 508; i++)
        {
            Assert.Equal(Errno.None, client.TryAttach(out _));
        }

        Assert.Equal(Errno.NoDevice, client.TryAttach(out _));
    }
}
