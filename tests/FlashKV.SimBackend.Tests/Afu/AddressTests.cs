using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Afu;

/// <summary>
/// Every kind of address that a client gives to the AFU, and every way in which it can be bad: the
/// code of SP §4.11 and its event, never a crash, and a context that serves good commands
/// afterwards (after leaving, where a PERM error says so).
/// </summary>
public sealed class AddressTests : IDisposable
{
    private const byte Read = ScsiOpcode.Read16;
    private const byte Write = ScsiOpcode.Write16;
    private const ulong NoProcess = 0xFFFF_8000_0000_0000;

    private readonly PagesOfMemory _pages = new();

    // Of this process, but checked as another one's are.
    private readonly ClientMemory _checked = new(Environment.ProcessId);

    public static TheoryData<SubmissionMode> Modes =>
        [SubmissionMode.CommandRooms, SubmissionMode.SubmissionQueue];

    public void Dispose() => _pages.Dispose();

    [Theory]
    [MemberData(nameof(Modes))]
    public void Bad_data_addresses_are_31_and_a_storage_fault(SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = new(mode, chunks: 1, memory: _checked);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        ulong[] bad = [0, 8, 0x1234, _pages.Absent, NoProcess, ulong.MaxValue - 4095];
        foreach (ulong address in bad)
        {
            AssertFault(client, client.Command(Read, handle, 3, 1, (nint)address), isStore: true);
            AssertFault(
                client, client.Command(Write, handle, 3, 1, (nint)address), isStore: false);
            AssertFault(
                client,
                client.Command(ScsiOpcode.WriteSame16, handle, 3, 1, (nint)address),
                isStore: false);
        }

        // What may only be read can be written to the LUN from, and not read to.
        AssertFault(
            client, client.Command(Read, handle, 3, 1, (nint)_pages.Readable), isStore: true);
        client.ExecuteGood(Write, handle, 3, 1, (nint)_pages.Readable);

        // A buffer that reaches into such a page is as bad as one that begins there.
        AssertFault(
            client, client.Command(Read, handle, 3, 1, (nint)_pages.Writable + 16), isStore: true);
        AssertFault(
            client,
            client.Command(Write, handle, 3, 1, (nint)_pages.Readable + 16),
            isStore: false);
        client.ExecuteGood(Read, handle, 3, 1, (nint)_pages.Writable);
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void A_bad_command_address_is_the_interrupt_08(SubmissionMode mode)
    {
        ulong[] bad = [0, _pages.Absent, _pages.Absent - 16, NoProcess];
        foreach (ulong address in bad)
        {
            using SimulatedAdapterFixture fixture = new(mode, chunks: 1, memory: _checked);
            TestClient client = fixture.Attached();
            if (mode == SubmissionMode.CommandRooms)
            {
                client.Window.Write(SislHostMap.Ioarrin, address);
            }
            else
            {
                // A ring of two slots there; the tail is behind the first.
                client.Window.Write(SislHostMap.SqStart, address);
                client.Window.Write(SislHostMap.SqEnd, address + 64);
                client.Window.Write(SislHostMap.SqTail, address + 64);
            }

            AssertPermanent(client, SislSyncInterrupts.PermErrRcbRead);
            AssertLeaves(fixture, client);
        }
    }

    [Theory]
    [InlineData(1ul)]
    [InlineData(8ul)]
    public void A_command_that_is_not_aligned_is_the_interrupt_08(ulong offset)
    {
        using SimulatedAdapterFixture fixture = new(chunks: 1, memory: _checked);
        TestClient client = fixture.Attached();
        client.Window.Write(SislHostMap.Ioarrin, _pages.Writable + 16 + offset);
        AssertPermanent(client, SislSyncInterrupts.PermErrRcbRead);
        AssertLeaves(fixture, client);
    }

    [Fact]
    public void A_bad_status_address_is_the_interrupt_04_and_no_response()
    {
        ulong[] bad = [0, 8, _pages.Absent, _pages.Readable, _pages.Readable - 16, NoProcess];
        foreach (ulong address in bad)
        {
            using SimulatedAdapterFixture fixture = new(
                SubmissionMode.SubmissionQueue, chunks: 1, memory: _checked);
            TestClient client = fixture.Attached();
            uint handle = client.OpenVirtual(1);
            client.Send(
                client.Command(Read, handle, 3, 1, fixture.Data.Address),
                (ref SislIoarcb command) => command.Ioasa = address);
            Assert.Equal(0ul, client.TryReceive(out _, waits: 20));
            AssertPermanent(client, SislSyncInterrupts.PermErrSaWrite);
            AssertLeaves(fixture, client);
        }
    }

    [Fact]
    public void A_status_behind_a_command_at_the_end_of_memory_is_the_interrupt_04()
    {
        using SimulatedAdapterFixture fixture = new(chunks: 1, memory: _checked);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        SislIoarcb command = client.Command(Read, handle, 3, 1, fixture.Data.Address);
        ulong address = _pages.Readable - 64;
        Assert.True(ProcessVm.TryWrite(
            Environment.ProcessId, address, AbiBytes.Of(ref command)));
        client.Window.Write(SislHostMap.Ioarrin, address);
        Assert.Equal(0ul, client.TryReceive(out _, waits: 20));
        AssertPermanent(client, SislSyncInterrupts.PermErrSaWrite);
        AssertLeaves(fixture, client);
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void A_bad_response_address_is_the_interrupt_02(SubmissionMode mode)
    {
        ulong[] bad =
        [
            0, 8, _pages.Absent, _pages.Readable, _pages.Writable + 4, NoProcess,
            ulong.MaxValue - 63,
        ];
        foreach (ulong address in bad)
        {
            using SimulatedAdapterFixture fixture = new(mode, chunks: 1, memory: _checked);
            TestClient client = fixture.Attached();
            uint handle = client.OpenVirtual(1);
            client.Window.Write(SislHostMap.RrqStart, address);
            client.Window.Write(SislHostMap.RrqEnd, address + 56);
            ulong sent = client.Send(
                client.Command(Read, handle, 3, 1, fixture.Data.Address));
            Assert.Equal(0ul, client.TryReceive(out _, waits: 20));
            AssertPermanent(client, SislSyncInterrupts.PermErrRrqWrite);

            // Its status is there: it was written before.
            Assert.Equal(0u, client.IoasaOf(sent).Ioasc);
            AssertLeaves(fixture, client);
        }
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void A_response_queue_that_ends_before_it_begins_is_the_interrupt_02(
        SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = new(mode, chunks: 1, memory: _checked);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        client.Window.Write(SislHostMap.RrqEnd, client.ResponseRing - 8);
        client.Send(client.Command(Read, handle, 3, 1, fixture.Data.Address));
        Assert.Equal(0ul, client.TryReceive(out _, waits: 20));
        AssertPermanent(client, SislSyncInterrupts.PermErrRrqWrite);
        AssertLeaves(fixture, client);
    }

    private static void AssertFault(TestClient client, SislIoarcb command, bool isStore)
    {
        const ulong Store = 0x02000000;
        SislIoasa ioasa = client.Execute(command);
        Assert.Equal(
            (SislAfuRc.DataDmaErr, (byte)SislAfuDmaExtra.InvalidEa),
            (ioasa.AfuRc, ioasa.AfuExtra));
        byte[] buffer = new byte[4096];
        Assert.Equal(
            Errno.None, client.Transport.Read(client.ContextDescriptor, buffer, out int length));
        Assert.Equal(CxlEventDataStorage.SizeInBytes, length);
        CxlEventDataStorage fault = AbiBytes.Read<CxlEventDataStorage>(buffer);
        Assert.Equal(
            (command.DataEa, isStore), (fault.Addr, (fault.Dsisr & Store) != 0));
        Assert.Equal(0ul, client.Window.Read(SislHostMap.IntrStatus));
    }

    private static void AssertPermanent(TestClient client, SislSyncInterrupts bit)
    {
        Assert.Equal(0ul, client.TryReceive(out _, waits: 20));
        Assert.Equal((ulong)bit, client.Window.Read(SislHostMap.IntrStatus));
        byte[] buffer = new byte[4096];
        Assert.Equal(
            Errno.None, client.Transport.Read(client.ContextDescriptor, buffer, out int length));
        Assert.Equal(CxlEventAfuInterrupt.SizeInBytes, length);
        Assert.Equal(SislLisn.SyncError, BitConverter.ToUInt16(buffer, 10));
        client.Window.Write(SislHostMap.IntrClear, (ulong)bit);
        Assert.Equal(0ul, client.Window.Read(SislHostMap.IntrStatus));
    }

    // The only remedy after a PERM error; others are not concerned.
    private static void AssertLeaves(SimulatedAdapterFixture fixture, TestClient client)
    {
        TestClient other = fixture.Attached(300);
        uint handle = other.OpenVirtual(0);
        Assert.Equal(Errno.None, other.Release(handle));
        client.Leave();
        Assert.Equal(1, fixture.Adapter.Driver.ContextCount);
    }
}
