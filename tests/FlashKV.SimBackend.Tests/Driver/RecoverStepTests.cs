using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver;

/// <summary>RECOVER_AFU step by step, EEH, PERST and removal (SP §3.5, §3.6).</summary>
public sealed class RecoverStepTests : IDisposable
{
    private readonly SkippingTime _time = new();
    private readonly SimulatedAdapterFixture _fixture;
    private readonly TestClient _client;

    public RecoverStepTests()
    {
        _fixture = new SimulatedAdapterFixture(luns: 2, time: _time);
        _client = _fixture.Attached();
    }

    private AdapterDriver Driver => _fixture.Adapter.Driver;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Without_a_seat_it_is_tried_20_times_more_after_100_milliseconds_each()
    {
        _fixture.Adapter.Reset();
        Driver.InjectFault(DriverFault.ContextSeat, 21);
        Assert.Equal(Errno.NoDevice, _client.TryRecover(out _));
        Assert.Equal(20, _time.Sleeps.Count);
        Assert.All(_time.Sleeps, sleep => Assert.Equal(100, sleep.TotalMilliseconds));
        _client.Recover();
        Assert.Equal(20, _time.Sleeps.Count);
    }

    [Fact]
    public void A_seat_that_becomes_free_meanwhile_is_taken()
    {
        using SimulatedAdapterFixture fixture = new(contexts: 2, time: _time);
        TestClient first = fixture.Attached(100);
        TestClient second = fixture.Attached(200);
        fixture.Adapter.Reset();
        _time.OnSleep = count =>
        {
            if (count == 3)
            {
                second.Process.Exit();
            }
        };
        first.Recover();
        Assert.Equal(3, _time.Sleeps.Count);
        Assert.Equal(1, fixture.Adapter.Driver.ContextCount);
    }

    [Fact]
    public void A_context_that_ends_while_it_waits_is_unknown()
    {
        _fixture.Adapter.Reset();
        Driver.InjectFault(DriverFault.ContextSeat, 5);
        _time.OnSleep = _ => _client.Process.Exit();
        DkCxlflashRecoverAfu argument = default;
        argument.ContextId = _client.ContextId;
        Assert.Equal(
            Errno.InvalidArgument, _client.Ioctl(IoctlRequest.RecoverAfu, ref argument));
        Assert.Single(_time.Sleeps);
    }

    [Theory]
    [InlineData((int)DriverFault.ContextStart, Errno.InputOutput)]
    [InlineData((int)DriverFault.ProcessElement, Errno.NotPermitted)]
    [InlineData((int)DriverFault.CapabilityWrite, Errno.TryAgain)]
    public void Other_failures_are_told_at_once_and_leave_the_context_on_the_error_list(
        int fault, Errno errno)
    {
        _fixture.Adapter.Reset();
        Driver.InjectFault((DriverFault)fault);
        Assert.Equal(errno, _client.TryRecover(out DkCxlflashRecoverAfu recovered));
        Assert.Equal(0ul, recovered.AdapFd);
        Assert.Empty(_time.Sleeps);
        _client.Recover();
    }

    [Fact]
    public void While_others_recover_too_tries_do_not_count()
    {
        TestClient second = _fixture.Attached(200);
        _fixture.Adapter.Reset();
        Driver.InjectFault(DriverFault.ContextSeat, 30);
        bool isFirst = true;
        Errno other = Errno.InputOutput;
        _time.OnSleep = count =>
        {
            // In the first sleep another recovery comes in, and stays until seats are there.
            if (isFirst)
            {
                isFirst = false;
                other = second.TryRecover(out _);
            }
        };
        Assert.Equal(Errno.None, _client.TryRecover(out _));
        Assert.Equal(Errno.None, other);
        Assert.Equal(30, _time.Sleeps.Count);
    }

    [Fact]
    public void An_adapter_that_is_lost_unnoticed_is_looked_at_again_each_second()
    {
        Driver.InjectFault(DriverFault.MasterMailbox, 3);
        Assert.Equal(Errno.None, _client.TryRecover(out DkCxlflashRecoverAfu recovered));
        Assert.Equal(DkCxlflashReturnFlags.None, recovered.Hdr.ReturnFlags);
        Assert.Equal([1000, 1000, 1000], _time.Sleeps.Select(sleep => sleep.TotalMilliseconds));
    }

    [Fact]
    public void When_the_driver_notices_the_loss_the_context_is_recovered()
    {
        Driver.InjectFault(DriverFault.MasterMailbox, 5);
        _time.OnSleep = count =>
        {
            if (count == 2)
            {
                Driver.Perst();
            }
        };
        Assert.Equal(Errno.None, _client.TryRecover(out DkCxlflashRecoverAfu recovered));
        Assert.True(recovered.Hdr.ReturnFlags.HasFlag(
            DkCxlflashReturnFlags.RecoverAfuContextReset));
    }

    [Fact]
    public void When_the_adapter_dies_meanwhile_there_is_no_device()
    {
        Driver.InjectFault(DriverFault.MasterMailbox, 5);
        _time.OnSleep = _ => Driver.EehPermanentFailure();
        Assert.Equal(Errno.NoDevice, _client.TryRecover(out _));
        Assert.Single(_time.Sleeps);
    }

    [Fact]
    public void A_recovery_waits_through_a_frozen_slot()
    {
        Assert.Equal(EehResult.NeedReset, Driver.EehFrozen());
        Assert.Equal(ulong.MaxValue, _client.Window.Read(SislHostMap.CmdRoom));
        Errno errno = Errno.InputOutput;
        TestThread recovering = new(() => errno = _client.TryRecover(out _));
        Driver.WaitForBlockedCallers(1);
        Assert.Equal(EehResult.Recovered, Driver.EehSlotReset());
        Assert.Equal(AdapterState.Reset, Driver.State);
        Driver.EehResume();
        recovering.Join();
        Assert.Equal(Errno.None, errno);
        Assert.Equal(AdapterState.Normal, Driver.State);
    }

    [Fact]
    public void A_slot_that_does_not_come_up_is_disconnected()
    {
        Driver.EehFrozen();
        Assert.Equal(EehResult.Disconnect, Driver.EehSlotReset(works: false));
        Errno errno = Errno.None;
        TestThread recovering = new(() => errno = _client.TryRecover(out _));
        Driver.WaitForBlockedCallers(1);
        Driver.EehPermanentFailure();
        recovering.Join();
        Assert.Equal(Errno.NoDevice, errno);
        Assert.Equal(EehResult.Disconnect, Driver.EehFrozen());
    }

    [Fact]
    public void LUN_tables_are_written_anew_at_the_old_places()
    {
        uint handle = _client.OpenVirtual(1);
        TestClient other = _fixture.Client(path: "/dev/sg1").Attach();
        uint second = other.OpenVirtual(1);
        AfuTables().ForEach(table => table.AsSpan().Clear());
        Assert.Equal(EehResult.Recovered, Driver.Perst());
        Assert.All(AfuTables(), table => Assert.Equal(1ul << 48, table[1]));
        _client.Recover();
        other.Recover();
        _client.ExecuteGood(ScsiOpcode.Read16, handle, 0, 1, _fixture.Data.Address);
        other.ExecuteGood(ScsiOpcode.Read16, second, 0, 1, _fixture.Data.Address);
    }

    [Fact]
    public void Removal_waits_until_the_last_context_is_given_up()
    {
        TestClient second = _fixture.Attached(200);
        _time.OnSleep = count =>
        {
            if (count == 2)
            {
                Assert.Equal(Errno.NoDevice, _client.TryRecover(out _));
                Assert.Equal(Errno.None, _client.Detach());
            }
            else if (count == 4)
            {
                second.Process.Exit();
            }
        };
        Driver.Remove();
        Assert.Equal(4, _time.Sleeps.Count);
        Assert.All(_time.Sleeps, sleep => Assert.Equal(1, sleep.TotalSeconds));
    }

    [Fact]
    public void Removal_without_users_sleeps_once()
    {
        Assert.Equal(Errno.None, _client.Detach());
        Driver.Remove();
        Assert.Single(_time.Sleeps);
    }

    private List<ulong[]> AfuTables() =>
        [.. Enumerable.Range(0, 2).Select(Driver.LunTableOf)];
}
