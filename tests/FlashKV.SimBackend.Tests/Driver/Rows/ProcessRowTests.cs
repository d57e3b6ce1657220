using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver.Rows;

/// <summary>
/// Rows of SP §6.1: several processes and contexts, what is whose, and clones.
/// See <see cref="RowMachine"/>.
/// </summary>
public sealed class ProcessRowTests
{
    private const byte Read = ScsiOpcode.Read16;
    private const byte Write = ScsiOpcode.Write16;

    [Theory]
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_190_203_many_children_again_and_again(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
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
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_197_handle_number_of_another_context(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
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
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_198_218_219_the_parents_context_in_the_child(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
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
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_DK_CAPI_CLONE(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode, chunks: 20);
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
}
