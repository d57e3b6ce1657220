using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver.Rows;

/// <summary>
/// Rows of SP §6.1: RECOVER_AFU and VERIFY.
/// See <see cref="RowMachine"/>.
/// </summary>
public sealed class RecoverRowTests
{
    private const ulong Chunk = RowMachine.Chunk;
    private const byte Read = ScsiOpcode.Read16;
    private const byte Write = ScsiOpcode.Write16;

    [Theory]
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_22_DCRC_NO_EEH(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
        TestClient client = fixture.Attached();
        Assert.Equal(Errno.None, client.TryRecover(out DkCxlflashRecoverAfu recovered));
        Assert.Equal(DkCxlflashReturnFlags.None, recovered.Hdr.ReturnFlags);
    }

    [Theory]
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_28_DCRC_DETACHED_CTX(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
        TestClient client = fixture.Attached();
        Assert.Equal(Errno.None, client.Detach());
        Assert.Equal(Errno.InvalidArgument, client.TryRecover(out _));
    }

    [Theory]
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_21_23_to_27_115_DCRC_EEH(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
        TestClient client = fixture.Attached();
        uint[] virtuals =
            [client.OpenVirtual(Chunk), client.OpenVirtual(2 * Chunk), client.OpenVirtual(0)];
        uint direct = RowMachine.Reusing(fixture, client, "/dev/sg1", out _).OpenDirect();
        fixture.Data.Fill(1);
        client.ExecuteGood(Write, virtuals[1], Chunk + 3, 1, fixture.Data.Address);
        RowMachine.Freeze(fixture);

        // While it waits: resize and release work.
        Assert.Equal(Errno.None, client.Resize(virtuals[0], 3 * Chunk, out _));
        Assert.Equal(Errno.None, client.Release(virtuals[2]));
        client.Recover();
        Assert.Equal(
            SislAfuRc.RhtRwPerm,
            client.Execute(Read, virtuals[2], 0, 1, fixture.Data.Address + 4096).AfuRc);
        Assert.Equal(Errno.None, client.Release(virtuals[0]));
        client.ExecuteGood(Read, virtuals[1], Chunk + 3, 1, fixture.Data.Address + 4096);
        client.ExecuteGood(Read, direct, 9, 1, fixture.Data.Address + 8192);
        Assert.Equal(fixture.Data.Block(0), fixture.Data.Block(1));
    }

    [Theory]
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_113_and_114_DCRC_INVALID_FLAG_and_REASON(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
        TestClient client = fixture.Attached();
        DkCxlflashRecoverAfu argument = default;
        argument.Hdr.Flags = 0x4000_0000_0000_0BAD;
        argument.Reason = 0xBAD;
        argument.ContextId = client.ContextId;
        Assert.Equal(Errno.None, client.Ioctl(IoctlRequest.RecoverAfu, ref argument));
        Assert.Equal(0xBADul, argument.Reason);
        Assert.Equal(DkCxlflashReturnFlags.None, argument.Hdr.ReturnFlags);

        // Junk does not keep a context from being recovered either.
        RowMachine.Freeze(fixture);
        Assert.Equal(Errno.None, client.Ioctl(IoctlRequest.RecoverAfu, ref argument));
        Assert.True(argument.Hdr.ReturnFlags.HasFlag(
            DkCxlflashReturnFlags.RecoverAfuContextReset));
    }

    [Theory]
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_88_89_93_95_to_102_DCV(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
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
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_92_94_103_DCV_after_EEH(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(2 * Chunk);
        RowMachine.Freeze(fixture);
        Assert.Equal(Errno.InvalidArgument, client.Verify(handle, out _));
        client.Recover();
        Assert.Equal(Errno.None, client.Verify(handle, out ulong lastLba));
        Assert.Equal((2 * Chunk) - 1, lastLba);
    }
}
