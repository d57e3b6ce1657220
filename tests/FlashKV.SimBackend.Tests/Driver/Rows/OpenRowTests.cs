using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver.Rows;

/// <summary>
/// Rows of SP §6.1: USER_DIRECT, USER_VIRTUAL and RELEASE.
/// See <see cref="RowMachine"/>.
/// </summary>
public sealed class OpenRowTests
{
    private const ulong Chunk = RowMachine.Chunk;

    [Theory]
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_30_and_43_DCUD_and_DCUV_INVALID_CTX(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
        TestClient client = fixture.Attached();
        Assert.Equal(Errno.InvalidArgument, client.TryOpenDirect(out _, 0x3fff7b29));
        Assert.Equal(Errno.InvalidArgument, client.TryOpenVirtual(1, out _, context: 0x99));
        Assert.Equal(LunMode.None, fixture.Adapter.Driver.Devices[0].Lun!.Parent.Mode);
    }

    [Theory]
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_32_33_34_DCUD_VALID_FLAGS_TWICE(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
        TestClient client = fixture.Attached();
        DkCxlflashUdirect argument = default;
        argument.Hdr.Flags = ulong.MaxValue;
        argument.ContextId = client.ContextId;
        Assert.Equal(Errno.None, client.Ioctl(IoctlRequest.UserDirect, ref argument));
        Assert.Equal((8 * Chunk) + 6, argument.LastLba);
        Assert.Equal(1u, client.OpenDirect());
    }

    [Theory]
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_35_36_45_53_54_211_one_LUN_in_two_modes(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
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
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_37_38_52_57_create_destroy_other_mode_in_loops_of_100(
        int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
        TestClient client = fixture.Attached();
        for (int i = 0; i < 100; i++)
        {
            uint handle = i % 2 == 0 ? client.OpenVirtual(Chunk) : client.OpenDirect();
            Assert.Equal(0u, handle);
            Assert.Equal(Errno.None, client.Release(handle));
        }
    }

    [Theory]
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_44_46_DCUV_of_size_0(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
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
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_47_DCUV_NO_FURTHER_CAPACITY(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
        TestClient client = fixture.Attached();
        client.OpenVirtual(8 * Chunk);
        Assert.Equal(Errno.NoSpace, client.TryOpenVirtual(1, out _));
        Assert.Equal(Errno.None, client.TryOpenVirtual(0, out _));
    }

    [Theory]
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_48_to_51_63_many_VLUNs_and_larger_than_the_disk(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
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
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_77_to_82_DCR(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
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
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_MAX_VLUNS(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode, handles: 4096);
        TestClient client = fixture.Attached();
        for (uint i = 0; i < 1024; i++)
        {
            Assert.Equal(i, client.OpenVirtual(0));
        }
    }
}
