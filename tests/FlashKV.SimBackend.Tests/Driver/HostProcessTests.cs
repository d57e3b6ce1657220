using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver;

/// <summary>
/// Descriptors, duplicates, mappings, fork, exec and exit (SP §2.9, §2.10; rows 190, 198, 203, 219
/// and "kill or exit of the process" of §6).
/// </summary>
public sealed class HostProcessTests : IDisposable
{
    private const int Parent = 100;
    private const int Child = 200;
    private const int Stranger = 300;
    private readonly SimulatedAdapterFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Descriptors_belong_to_a_process()
    {
        TestClient client = _fixture.Client(Parent);
        TestClient other = _fixture.Client(Stranger);
        Assert.Equal(Errno.None, client.TryAttach(out _));
        Assert.Equal(
            Errno.BadDescriptor, other.Transport.Map(client.ContextDescriptor, 0x10000, out _));
        Assert.Equal(Errno.BadDescriptor, other.Transport.Close(client.ContextDescriptor));
        Assert.Equal(Errno.None, client.Transport.Close(client.ContextDescriptor));
        Assert.Equal(Errno.BadDescriptor, client.Transport.Close(client.ContextDescriptor));
    }

    [Fact]
    public void A_context_ends_with_the_last_of_its_descriptors_and_mappings()
    {
        TestClient client = _fixture.Attached(Parent);
        client.OpenVirtual(1);
        Assert.Equal(
            Errno.None, client.Process.Duplicate(client.ContextDescriptor, out int duplicate));
        Assert.NotEqual(client.ContextDescriptor, duplicate);
        Assert.Equal(Errno.None, client.Transport.Close(client.ContextDescriptor));
        Assert.Equal(Errno.None, client.Transport.Close(duplicate));
        Assert.Equal(1, _fixture.Adapter.Driver.ContextCount);
        client.Transport.Unmap(client.Window);
        Assert.Equal(0, _fixture.Adapter.Driver.ContextCount);
        Assert.Equal(0, _fixture.Adapter.Driver.HandleCount);
        Assert.Null(_fixture.Adapter.Driver.ChunksOf(0));
    }

    [Fact]
    public void An_adapters_own_node_needs_the_capability()
    {
        HostProcess process = _fixture.Client(Parent).Process;
        process.Caller = process.Caller with { IsUnprivileged = true };
        Assert.Equal(
            Errno.AccessDenied,
            process.Open("/dev/cxlflash/cxlflash0", DeviceAccess.ReadWrite, out int descriptor));
        Assert.Equal(-1, descriptor);
        Assert.Equal(Errno.None, process.Open("/dev/sg0", DeviceAccess.ReadWrite, out _));
        Assert.Equal(
            Errno.AccessDenied,
            process.Fork(Child).Open("/dev/cxlflash/cxlflash0", DeviceAccess.ReadWrite, out _));
    }

    [Fact]
    public void Duplicate_of_nothing_is_a_bad_descriptor() =>
        Assert.Equal(
            Errno.BadDescriptor, _fixture.Client(Parent).Process.Duplicate(99, out _));

    [Fact]
    public void A_child_has_copies_that_it_can_close_but_not_map()
    {
        TestClient parent = _fixture.Attached(Parent);
        HostProcess child = parent.Process.Fork(Child);
        Assert.Equal(
            Errno.InputOutput, child.Map(parent.ContextDescriptor, 0x10000, out _));
        Assert.Equal(Errno.None, child.Close(parent.ContextDescriptor));
        child.Exit();
        Assert.Equal(1, _fixture.Adapter.Driver.ContextCount);
        parent.Leave();
        Assert.Equal(0, _fixture.Adapter.Driver.ContextCount);
    }

    [Fact]
    public void Last_close_by_a_child_changes_nothing_at_all()
    {
        using SimulatedAdapterFixture fixture = new(contexts: 1);
        TestClient parent = fixture.Attached(Parent);
        uint handle = parent.OpenVirtual(1);
        HostProcess child = parent.Process.Fork(Child);
        parent.Transport.Unmap(parent.Window);
        Assert.Equal(Errno.None, parent.Transport.Close(parent.ContextDescriptor));
        child.Exit();
        Assert.Equal(1, fixture.Adapter.Driver.ContextCount);
        Assert.Equal(Errno.None, parent.Verify(handle, out _));
        Assert.Equal(Errno.NoDevice, parent.TryAttach(out _));
        Assert.Equal(Errno.None, parent.Detach());
        Assert.Equal(0, fixture.Adapter.Driver.ContextCount);
    }

    [Fact]
    public void Exit_of_the_owner_ends_its_contexts_unless_a_child_still_holds_them()
    {
        TestClient parent = _fixture.Attached(Parent);
        parent.OpenVirtual(3 * 65_536);
        HostProcess child = parent.Process.Fork(Child);
        parent.Process.Exit();
        Assert.Equal(1, _fixture.Adapter.Driver.ContextCount);

        // The parent is gone, so the child is nobody's heir any more: the file is closed and, as
        // defect 6 is off, the context with it.
        Assert.Equal(1, child.Caller.ParentProcessId);
        child.Exit();
        Assert.Equal(0, _fixture.Adapter.Driver.ContextCount);
        Assert.Equal(0, _fixture.Adapter.Driver.HandleCount);
        Assert.Equal(0, _fixture.Adapter.Driver.DescriptorCount);
        Assert.Null(_fixture.Adapter.Driver.ChunksOf(0));
    }

    [Fact]
    public void Exec_closes_contexts_and_keeps_devices()
    {
        TestClient client = _fixture.Attached(Parent);
        client.Process.Execute();
        Assert.Equal(0, _fixture.Adapter.Driver.ContextCount);
        Assert.Equal(1, client.Process.DescriptorCount);
        Assert.Equal(Errno.None, client.TryAttach(out _));
    }

    [Fact]
    public void Exit_frees_everything_of_many_processes_again_and_again()
    {
        for (int round = 0; round < 3; round++)
        {
            for (int process = 0; process < 20; process++)
            {
                TestClient client = _fixture.Client(1000 + process);
                for (int context = 0; context < 20; context++)
                {
                    Assert.Equal(Errno.None, client.TryAttach(out _));
                    client.OpenVirtual(0);
                }
            }

            for (int process = 0; process < 20; process++)
            {
                _fixture.Adapter.Module.ProcessOf(new Caller(1000 + process)).Exit();
            }

            Assert.Equal(0, _fixture.Adapter.Driver.ContextCount);
            Assert.Equal(0, _fixture.Adapter.Driver.HandleCount);
            Assert.Equal(0, _fixture.Adapter.Driver.DescriptorCount);
        }
    }

    [Fact]
    public void A_forked_mapping_holds_the_context()
    {
        TestClient parent = _fixture.Attached(Parent);
        HostProcess child = parent.Process.Fork(Child);
        Assert.Equal(Errno.None, child.Close(parent.ContextDescriptor));
        Assert.Equal(Errno.None, parent.Transport.Close(parent.ContextDescriptor));
        parent.Transport.Unmap(parent.Window);

        // The last reference is now the child's mapping; when it goes, nothing happens.
        child.Execute();
        Assert.Equal(1, _fixture.Adapter.Driver.ContextCount);
        Assert.NotEqual(ulong.MaxValue, parent.Window.Read(SislHostMap.CmdRoom));
    }

    [Fact]
    public void A_process_id_is_used_once() =>
        Assert.Throws<ArgumentException>(
            () => _fixture.Client(Parent).Process.Fork(Parent));
}
