using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver;

/// <summary>The nine known defects of the original (SP §3.13), each off and on.</summary>
public sealed class OriginalDefectTests
{
    private const ulong Chunk = 65_536;
    private const byte Read = ScsiOpcode.Read16;
    private const byte Write = ScsiOpcode.Write16;
    private const int Owner = 100;
    private const int Child = 200;
    private const int Stranger = 300;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Defect_1_scrubbing_takes_the_chunks_number_for_an_LBA(bool isOn)
    {
        using SimulatedAdapterFixture fixture = Fixture(OriginalDefects.ScrubAddress, isOn);
        TestClient client = fixture.Attached();
        uint kept = client.OpenVirtual(1);
        uint scrubbed = client.OpenVirtual(1, scrub: true);
        fixture.Data.Fill(1);
        client.ExecuteGood(Write, kept, 7, 1, fixture.Data.Address);
        client.ExecuteGood(Write, scrubbed, 7, 1, fixture.Data.Address);
        Assert.Equal(Errno.None, client.Release(scrubbed));

        // Chunk 1 was to be scrubbed; with the defect it is the blocks 1 to 65,536.
        client.ExecuteGood(Read, kept, 7, 1, fixture.Data.Address + 4096);
        Assert.Equal(isOn, IsZero(fixture.Data.Block(1)));
        client.ExecuteGood(Read, client.OpenVirtual(1), 7, 1, fixture.Data.Address + 4096);
        Assert.Equal(!isOn, IsZero(fixture.Data.Block(1)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Defect_2_a_detach_after_a_clone_ends_the_context(bool isOn)
    {
        using SimulatedAdapterFixture fixture = Fixture(OriginalDefects.CloneReferences, isOn);
        (TestClient parent, TestClient child) = ParentOfTwoLuns(fixture);
        Assert.Equal(Errno.None, child.Clone(parent.ContextId));
        Assert.Equal(Errno.None, child.Detach());
        Assert.Equal(isOn ? 1 : 2, fixture.Adapter.Driver.ContextCount);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Defect_3_a_clone_counts_other_LUNs_chunks_with_its_own(bool isOn)
    {
        using SimulatedAdapterFixture fixture = Fixture(OriginalDefects.CloneAllocator, isOn);
        (TestClient parent, TestClient child) = ParentOfTwoLuns(fixture);
        Errno errno = child.Clone(parent.ContextId);

        // The second LUN has chunk 1 in use, which is free on the first.
        Assert.Equal(isOn ? Errno.InputOutput : Errno.None, errno);
        Assert.Equal(isOn ? 3 : 6, fixture.Adapter.Driver.HandleCount);
        Assert.Equal(isOn, !fixture.Adapter.Driver.ChunksOf(1)!.IsShared(1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Defect_4_ending_a_context_in_error_evicts_a_new_one(bool isOn)
    {
        using SimulatedAdapterFixture fixture = new(
            defects: OriginalDefects.ForeignCloseLeaks
                | (isOn ? OriginalDefects.DestroyEvicts : OriginalDefects.None));
        TestClient old = LeakedContext(fixture);
        fixture.Adapter.Reset();
        TestClient next = fixture.Client(Stranger).Attach();
        Assert.Equal(old.Handle, next.Handle);
        Assert.Equal(Errno.None, old.Detach());
        Assert.Equal(
            isOn ? Errno.InvalidArgument : Errno.None, next.TryOpenVirtual(1, out _));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Defect_5_REUSE_without_memory_ends_the_context(bool isOn)
    {
        using SimulatedAdapterFixture fixture = Fixture(OriginalDefects.ReuseFreesContext, isOn);
        TestClient client = fixture.Attached();
        TestClient other = fixture.Client(path: "/dev/sg1");
        fixture.Adapter.Driver.InjectFault(DriverFault.AccessMemory);
        Assert.Equal(Errno.OutOfMemory, other.TryAttach(out _, reuse: client.ContextId));
        Assert.Equal(isOn ? 0 : 1, fixture.Adapter.Driver.ContextCount);
        Assert.Equal(isOn ? Errno.InvalidArgument : Errno.None, client.Detach());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Defect_6_a_last_close_by_a_stranger_leaks_the_context(bool isOn)
    {
        using SimulatedAdapterFixture fixture = Fixture(OriginalDefects.ForeignCloseLeaks, isOn);
        TestClient owner = LeakedContext(fixture);
        Assert.Equal(isOn ? 1 : 0, fixture.Adapter.Driver.ContextCount);
        Assert.Equal(isOn ? 1 : 0, fixture.Adapter.Driver.HandleCount);
        Assert.Equal(isOn ? Errno.None : Errno.InvalidArgument, owner.Detach());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Defect_7_growing_synchronises_even_in_error(bool isOn)
    {
        using SimulatedAdapterFixture fixture = Fixture(OriginalDefects.SyncInError, isOn);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(Chunk);
        fixture.Adapter.Reset();
        foreach (ulong size in new ulong[] { 2, 2 })
        {
            fixture.Adapter.Driver.InjectOutcome(AfuCommandOutcome.Refused);
            Assert.Equal(
                isOn ? Errno.TryAgain : Errno.None, client.Resize(handle, size * Chunk, out _));
        }

        // Shrinking never does.
        Assert.Equal(Errno.None, client.Resize(handle, Chunk, out _));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Defect_8_a_failed_sync_leaves_chunks_in_the_entry(bool isOn)
    {
        using SimulatedAdapterFixture fixture = Fixture(OriginalDefects.FailedSyncLeaks, isOn);
        TestClient client = fixture.Attached();
        uint other = client.OpenVirtual(0);
        fixture.Adapter.Driver.InjectOutcome(AfuCommandOutcome.Refused);
        Assert.Equal(Errno.TryAgain, client.TryOpenVirtual(3 * Chunk, out _));
        Assert.Equal(1, fixture.Adapter.Driver.HandleCount);
        Assert.Equal(isOn ? 5 : 8, fixture.Adapter.Driver.ChunksOf(0)!.FreeCount);

        // The next open of that index begins with what was left.
        Assert.Equal(Errno.None, client.TryOpenVirtual(4 * Chunk, out DkCxlflashUvirtual next));
        Assert.Equal(other + 1, next.RsrcHandle);
        Assert.Equal((4 * Chunk) - 1, next.LastLba);
        Assert.Equal(4, fixture.Adapter.Driver.ChunksOf(0)!.FreeCount);
        client.Leave();
        Assert.Null(fixture.Adapter.Driver.ChunksOf(0));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Defect_9_a_command_that_times_out_twice_counts_as_done(bool isOn)
    {
        using SimulatedAdapterFixture fixture = Fixture(
            OriginalDefects.RepeatedTimeoutSucceeds, isOn);
        TestClient client = fixture.Attached();
        fixture.Adapter.Driver.InjectSyncFault(Errno.TimedOut);
        Assert.Equal(isOn ? Errno.None : Errno.TimedOut, client.TryOpenDirect(out _));
    }

    [Fact]
    public void All_names_each_of_the_nine_and_nothing_else_is_taken()
    {
        OriginalDefects all = Enum.GetValues<OriginalDefects>()
            .Where(defect => defect != OriginalDefects.All)
            .Aggregate((one, other) => one | other);
        Assert.Equal(OriginalDefects.All, all);
        using MemoryMedium medium = new(1);
        Assert.Throws<ArgumentException>(() => new SimulatedAdapter(new SimulatedAdapterOptions
        {
            Luns = [new SimulatedLunOptions(medium)],
            Defects = (OriginalDefects)(1 << 9),
        }));
    }

    private static SimulatedAdapterFixture Fixture(OriginalDefects defect, bool isOn) =>
        new(luns: 2, defects: isOn ? defect : OriginalDefects.None);

    private static bool IsZero(ReadOnlySpan<byte> block) => block.IndexOfAnyExcept((byte)0) < 0;

    // Handle 0 has chunk 0 of LUN 0, handles 1 and 2 chunks 0 and 1 of LUN 1.
    private static (TestClient Parent, TestClient Child) ParentOfTwoLuns(
        SimulatedAdapterFixture fixture)
    {
        TestClient parent = fixture.Attached(Owner);
        parent.OpenVirtual(1);
        TestClient second = fixture.Client(Owner, path: "/dev/sg1");
        Assert.Equal(Errno.None, second.TryAttach(out _, reuse: parent.ContextId));
        second.ContextId = parent.ContextId;
        second.OpenVirtual(1);
        second.OpenVirtual(1);
        return (parent, fixture.Client(Child, Owner).Attach());
    }

    // The owner's descriptor lives on in a grandchild, which closes it last.
    private static TestClient LeakedContext(SimulatedAdapterFixture fixture)
    {
        TestClient owner = fixture.Client(Owner);
        Assert.Equal(Errno.None, owner.TryAttach(out _));
        owner.OpenVirtual(1);
        HostProcess child = owner.Process.Fork(Child);
        HostProcess grandchild = child.Fork(Child + 1);
        Assert.Equal(Errno.None, owner.Transport.Close(owner.ContextDescriptor));
        child.Exit();
        grandchild.Exit();
        return owner;
    }
}
