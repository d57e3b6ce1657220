using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver;

/// <summary>VLUN_CLONE (SP §3.9; row DK_CAPI_CLONE).</summary>
public sealed class CloneTests : IDisposable
{
    private const byte Read = ScsiOpcode.Read16;
    private const byte Write = ScsiOpcode.Write16;
    private const int Parent = 100;
    private const int Child = 200;
    private readonly SimulatedAdapterFixture _fixture = new(chunks: 40);

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void A_child_reads_its_parents_data_and_adds_luns_of_its_own()
    {
        TestClient parent = _fixture.Attached(Parent);
        uint[] handles = [.. Enumerable.Range(0, 16).Select(_ => parent.OpenVirtual(1))];
        foreach (uint handle in handles)
        {
            _fixture.Data.Block(0).Fill((byte)(handle + 1));
            parent.ExecuteGood(Write, handle, 5, 1, _fixture.Data.Address);
        }

        uint[] closed = [1, 7, 10, 12, 15];
        Array.ForEach(closed, handle => Assert.Equal(Errno.None, parent.Release(handle)));
        TestClient child = _fixture.Client(Child, Parent).Attach(DeviceAccess.Read);
        Assert.Equal(Errno.None, child.Clone(parent.ContextId));
        foreach (uint handle in handles.Except(closed))
        {
            child.ExecuteGood(Read, handle, 5, 1, _fixture.Data.Address);
            Assert.Equal((byte)(handle + 1), _fixture.Data.Bytes[0]);
            SislIoasa ioasa = child.Execute(Write, handle, 5, 1, _fixture.Data.Address);
            Assert.Equal(SislAfuRc.RhtRwPerm, ioasa.AfuRc);
        }

        Assert.Equal(1u, child.OpenVirtual(1));
    }

    [Fact]
    public void Chunks_return_when_the_last_sharer_frees_them()
    {
        TestClient parent = _fixture.Attached(Parent);
        uint handle = parent.OpenVirtual(3 * 65_536);
        TestClient child = _fixture.Client(Child, Parent).Attach();
        Assert.Equal(Errno.None, child.Clone(parent.ContextId));
        parent.Leave();
        Assert.Equal(37, _fixture.Adapter.Driver.ChunksOf(0)!.FreeCount);
        Assert.Equal(Errno.None, child.Resize(handle, 65_536, out _));
        Assert.Equal(39, _fixture.Adapter.Driver.ChunksOf(0)!.FreeCount);
        child.Leave();
        Assert.Null(_fixture.Adapter.Driver.ChunksOf(0));
    }

    [Fact]
    public void A_clone_needs_a_parent_an_empty_target_and_virtual_luns()
    {
        TestClient parent = _fixture.Attached(Parent);
        TestClient child = _fixture.Client(Child, Parent).Attach();
        Assert.Equal(Errno.InvalidArgument, child.Clone(parent.ContextId));
        parent.OpenVirtual(1);
        Assert.Equal(Errno.InvalidArgument, child.Clone(child.ContextId));
        Assert.Equal(Errno.InvalidArgument, child.Clone(parent.ContextId + 1));

        TestClient stranger = _fixture.Client(300, parent: 1).Attach();
        Assert.Equal(Errno.InvalidArgument, stranger.Clone(parent.ContextId));

        uint own = child.OpenVirtual(0);
        Assert.Equal(Errno.InvalidArgument, child.Clone(parent.ContextId));
        Assert.Equal(Errno.None, child.Release(own));
        Assert.Equal(Errno.None, child.Clone(parent.ContextId));
    }

    [Fact]
    public void A_clone_that_fails_half_way_gives_everything_back()
    {
        TestClient parent = _fixture.Attached(Parent);
        for (int i = 0; i < 4; i++)
        {
            parent.OpenVirtual(2 * 65_536);
        }

        TestClient child = _fixture.Client(Child, Parent).Attach();
        _fixture.Adapter.Driver.InjectSyncFault(Errno.None);
        _fixture.Adapter.Driver.InjectSyncFault(Errno.None);
        _fixture.Adapter.Driver.InjectSyncFault(Errno.TimedOut);
        Assert.Equal(Errno.TryAgain, child.Clone(parent.ContextId));
        Assert.Equal(4, _fixture.Adapter.Driver.HandleCount);
        parent.Leave();
        Assert.Null(_fixture.Adapter.Driver.ChunksOf(0));
    }

    [Fact]
    public void Scrubbing_leaves_shared_chunks_alone()
    {
        TestClient parent = _fixture.Attached(Parent);
        uint handle = parent.OpenVirtual(1, scrub: true);
        _fixture.Data.Fill(4);
        parent.ExecuteGood(Write, handle, 9, 1, _fixture.Data.Address);
        TestClient child = _fixture.Client(Child, Parent).Attach();
        Assert.Equal(Errno.None, child.Clone(parent.ContextId));
        Assert.Equal(Errno.None, parent.Release(handle));
        child.ExecuteGood(Read, handle, 9, 1, _fixture.Data.Address + 4096);
        Assert.Equal(_fixture.Data.Block(0), _fixture.Data.Block(1));
    }

    [Fact]
    public void Scrubbed_chunks_read_as_zeros_and_others_keep_their_bytes()
    {
        TestClient client = _fixture.Attached(Parent);
        foreach (bool scrub in new[] { false, true })
        {
            uint handle = client.OpenVirtual(1, scrub);
            _fixture.Data.Fill(4);
            client.ExecuteGood(Write, handle, 9, 1, _fixture.Data.Address);
            Assert.Equal(Errno.None, client.Release(handle));
            handle = client.OpenVirtual(1);
            client.ExecuteGood(Read, handle, 9, 1, _fixture.Data.Address + 4096);
            bool isKept = _fixture.Data.Block(1).SequenceEqual(_fixture.Data.Block(0));
            bool isZero = _fixture.Data.Block(1).IndexOfAnyExcept((byte)0) < 0;
            Assert.Equal((!scrub, scrub), (isKept, isZero));
            Assert.Equal(Errno.None, client.Release(handle));
        }
    }
}
