using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver;

/// <summary>The order of the dispatcher's checks, and its waiting (SP §2.4).</summary>
public sealed class DispatcherTests : IDisposable
{
    private readonly SimulatedAdapterFixture _fixture = new(luns: 2);
    private readonly TestClient _client;

    public DispatcherTests() => _client = _fixture.Attached();

    private AdapterDriver Driver => _fixture.Adapter.Driver;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void In_internal_LUN_mode_virtual_LUNs_are_refused_before_anything_else()
    {
        uint handle = _client.OpenVirtual(1);
        Driver.InternalLunMode = 1;
        Driver.Fail();
        Assert.Equal(Errno.InvalidArgument, _client.TryOpenVirtual(1, out _));
        Assert.Equal(Errno.InvalidArgument, _client.Resize(handle, 1, out _));
        Assert.Equal(Errno.InvalidArgument, _client.Release(handle));
        Assert.Equal(Errno.InvalidArgument, _client.Clone(1));
        Assert.Equal(Errno.NoDevice, _client.TryOpenDirect(out _));
        Assert.Equal(Errno.None, _client.Detach());
    }

    [Fact]
    public void A_legacy_device_is_invalid_whatever_the_state()
    {
        Manage(_client, DkCxlflashManageLun.DisableSuperpipe);
        Driver.Fail();
        Assert.Equal(Errno.InvalidArgument, _client.TryAttach(out _));
        Assert.Equal(Errno.None, Manage(_client, DkCxlflashManageLun.EnableSuperpipe));
        Assert.Equal(Errno.NoDevice, _client.TryAttach(out _));
    }

    [Fact]
    public void The_state_comes_before_the_argument_and_copying_before_the_version()
    {
        Driver.InjectFault(DriverFault.CopyIn, 2);
        byte[] wrong = new byte[IoctlRequest.SizeOf(IoctlRequest.Attach)];
        wrong[0] = 9;
        Assert.Equal(Errno.BadAddress, Ioctl(IoctlRequest.Attach, wrong));
        Driver.Fail();
        Assert.Equal(Errno.NoDevice, Ioctl(IoctlRequest.Attach, wrong));
        Assert.Equal(Errno.BadAddress, Ioctl(IoctlRequest.Detach, wrong));
        Assert.Equal(Errno.InvalidArgument, Ioctl(IoctlRequest.Detach, wrong));
    }

    [Fact]
    public void What_cannot_be_copied_out_was_done_all_the_same()
    {
        Driver.InjectFault(DriverFault.CopyOut);
        Assert.Equal(Errno.BadAddress, _client.TryOpenVirtual(1, out DkCxlflashUvirtual opened));
        Assert.Equal(0ul, opened.LastLba);
        Assert.Equal(1, Driver.HandleCount);
        Assert.Equal(Errno.None, _client.Release(0));
    }

    [Fact]
    public void Ioctls_wait_for_the_end_of_a_reset_and_MANAGE_LUN_does_not()
    {
        Driver.BeginReset();
        Errno errno = Errno.InputOutput;
        TestThread waiting = new(() => errno = _fixture.Client(300).TryAttach(out _));
        TestThread alsoWaiting = new(() => _fixture.Client(301).TryAttach(out _));
        Driver.WaitForBlockedCallers(2);
        Assert.Equal(AdapterState.Reset, Driver.State);
        Assert.Equal(Errno.None, Manage(_client, DkCxlflashManageLun.EnableSuperpipe));
        Driver.EndReset();
        waiting.Join();
        alsoWaiting.Join();
        Assert.Equal(Errno.None, errno);
        Assert.Equal(3, Driver.ContextCount);
    }

    [Fact]
    public void A_reset_that_fails_wakes_who_waits_with_no_device()
    {
        uint handle = _client.OpenVirtual(1);
        Driver.BeginReset();
        Errno attach = Errno.None;
        Errno release = Errno.InputOutput;
        TestThread attaching = new(() => attach = _fixture.Client(300).TryAttach(out _));
        TestThread releasing = new(() => release = _client.Release(handle));
        Driver.WaitForBlockedCallers(2);
        Driver.EndReset(works: false);
        attaching.Join();
        releasing.Join();
        Assert.Equal((Errno.NoDevice, Errno.None), (attach, release));
    }

    [Fact]
    public void A_signal_ends_the_wait()
    {
        Driver.BeginReset();
        TestClient other = _fixture.Client(300);
        Errno errno = Errno.None;
        TestThread waiting = new(() => errno = other.TryAttach(out _));
        Driver.WaitForBlockedCallers(1);
        other.Process.Interrupt();
        waiting.Join();
        Assert.Equal(Errno.Interrupted, errno);
        Driver.EndReset();
    }

    [Fact]
    public void After_the_end_only_RESIZE_RELEASE_and_DETACH_pass()
    {
        uint handle = _client.OpenVirtual(1);
        Driver.EehPermanentFailure();
        Assert.Equal(Errno.NoDevice, _client.TryAttach(out _));
        Assert.Equal(Errno.NoDevice, _client.TryOpenDirect(out _));
        Assert.Equal(Errno.NoDevice, _client.TryOpenVirtual(1, out _));
        Assert.Equal(Errno.NoDevice, _client.Verify(handle, out _));
        Assert.Equal(Errno.NoDevice, _client.TryRecover(out _));
        Assert.Equal(Errno.NoDevice, _client.Clone(1));
        Assert.Equal(Errno.None, _client.Resize(handle, 70_000, out _));
        Assert.Equal(Errno.None, _client.Release(handle));
        Assert.Equal(Errno.None, _client.Detach());
    }

    [Fact]
    public void ATTACH_fails_step_by_step_in_the_originals_order()
    {
        using SimulatedAdapterFixture fixture = new(luns: 2);
        (DriverFault Fault, Errno Errno)[] steps =
        [
            (DriverFault.ReadCapacity, Errno.NoDevice),
            (DriverFault.DeviceReference, Errno.NoDeviceOrAddress),
            (DriverFault.AccessMemory, Errno.OutOfMemory),
            (DriverFault.ContextMemory, Errno.OutOfMemory),
            (DriverFault.ContextSeat, Errno.NoDevice),
            (DriverFault.ContextStart, Errno.InputOutput),
            (DriverFault.ProcessElement, Errno.NotPermitted),
            (DriverFault.Descriptor, Errno.NoDevice),
            (DriverFault.CapabilityWrite, Errno.TryAgain),
        ];

        // All are armed, so that each attempt meets the first that is left.
        foreach ((DriverFault fault, _) in steps)
        {
            fixture.Adapter.Driver.InjectFault(fault);
        }

        TestClient client = fixture.Client();
        Assert.Equal(Errno.InvalidArgument, client.TryAttach(out _, interrupts: 5));
        foreach ((_, Errno errno) in steps)
        {
            Assert.Equal(errno, client.TryAttach(out DkCxlflashAttach attach));
            Assert.Equal(0ul, attach.AdapFd);
            Assert.Equal(0, fixture.Adapter.Driver.ContextCount);
        }

        Assert.Equal(Errno.None, client.TryAttach(out _));
        Assert.Equal(2, fixture.Adapter.Driver.DescriptorCount);
    }

    [Fact]
    public void REUSE_fails_step_by_step_and_keeps_the_context()
    {
        TestClient other = _fixture.Client(path: "/dev/sg1");
        Driver.InjectFault(DriverFault.DeviceReference);
        Driver.InjectFault(DriverFault.AccessMemory);
        Assert.Equal(Errno.InvalidArgument, other.TryAttach(out _, reuse: 77));
        Assert.Equal(
            Errno.NoDeviceOrAddress, other.TryAttach(out _, reuse: _client.ContextId));
        Assert.Equal(Errno.OutOfMemory, other.TryAttach(out _, reuse: _client.ContextId));
        Assert.Equal(Errno.None, other.TryAttach(out _, reuse: _client.ContextId));
        Assert.Equal(Errno.None, _client.Detach());
        Assert.Equal(1, Driver.ContextCount);
    }

    [Fact]
    public void Memory_that_is_missing_is_ENOMEM_and_changes_nothing()
    {
        Driver.InjectFault(DriverFault.ChunkMemory);
        Assert.Equal(Errno.OutOfMemory, _client.TryOpenVirtual(1, out _));
        Driver.InjectFault(DriverFault.TranslationMemory);
        Assert.Equal(Errno.OutOfMemory, _client.TryOpenVirtual(1, out _));
        uint handle = _client.OpenVirtual(8 * 65_536);
        Assert.Equal(0, Driver.ChunksOf(0)!.FreeCount);
        Assert.Equal(Errno.None, _client.Release(handle));
        Driver.InjectFault(DriverFault.LunMemory);
        Assert.Equal(
            Errno.OutOfMemory, Manage(_client, DkCxlflashManageLun.EnableSuperpipe));
    }

    private static Errno Manage(TestClient client, ulong flags)
    {
        DkCxlflashManageLun argument = default;
        argument.Hdr.Flags = flags;
        argument.Wwid[0] = 0x60;
        return client.Ioctl(IoctlRequest.ManageLun, ref argument);
    }

    private Errno Ioctl(uint request, byte[] argument) =>
        _client.Transport.Ioctl(
            _client.Device, request, argument.AsSpan(0, IoctlRequest.SizeOf(request)));
}
