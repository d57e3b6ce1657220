using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver;

/// <summary>
/// What differs for adapters that are attached by OpenCAPI (SP §2.10, §3.3, §4.4, §4.5).
/// </summary>
public sealed class OpenCapiTests : IDisposable
{
    private readonly MemoryMedium _medium = new(65_536);
    private readonly AlignedMemory _data = new(2);
    private readonly List<IDisposable> _made = [];

    public void Dispose()
    {
        _made.ForEach(made => made.Dispose());
        _medium.Dispose();
        _data.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_adapter_says_what_it_is(bool isOpenCapi)
    {
        SimulatedAdapter adapter = Adapter(isOpenCapi);
        ulong version = adapter.Afu.Registers.Read(SislGlobalRegisters.InterfaceVersion);
        Assert.Equal(
            isOpenCapi, (version & (ulong)SislInterfaceCapabilities.OcxlLisn) != 0);
    }

    [Theory]
    [InlineData(false, 0ul, Errno.InvalidArgument)]
    [InlineData(false, 1ul, Errno.None)]
    [InlineData(true, 0ul, Errno.None)]
    [InlineData(true, 4ul, Errno.None)]
    [InlineData(true, 5ul, Errno.InvalidArgument)]
    public void How_many_interrupts_attach_takes(bool isOpenCapi, ulong count, Errno expected) =>
        Assert.Equal(
            expected, Client(Adapter(isOpenCapi)).TryAttach(out _, interrupts: count));

    [Theory]
    [InlineData(0ul, 0)]
    [InlineData(2ul, 2)]
    [InlineData(4ul, 3)]
    public void Attach_and_recovery_give_the_afu_addresses_for_interrupts(
        ulong interrupts, int addresses)
    {
        SimulatedAdapter adapter = Adapter(isOpenCapi: true);
        TestClient client = Client(adapter);
        Assert.Equal(Errno.None, client.TryAttach(out _, interrupts: interrupts));
        client.MapWindow();
        ulong[] first = InterruptAddresses(adapter, client.Handle);
        Assert.Equal(addresses, first.Count(address => address != 0));
        Assert.Equal(addresses, first.Where(address => address != 0).Distinct().Count());
        TestClient other = Client(adapter).Attach();
        Assert.Empty(first.Intersect(
            InterruptAddresses(adapter, other.Handle).Where(address => address != 0)));

        adapter.Reset();
        client.Recover();
        ulong[] again = InterruptAddresses(adapter, client.Handle);
        Assert.Equal(addresses, again.Count(address => address != 0));

        // The driver's own context is 0, and so is what identifies it.
        ControlMap control = adapter.Afu.FindContext(client.Handle)!.Control;
        Assert.Equal(0ul, control.Read(SislCtrlMap.LisnPasid));
        Assert.Equal(0ul, control.Read(SislCtrlMap.LisnPasid + 8));
        Assert.Equal(0x0000_0007_0000_0005ul, SislCtrlMap.PackLisnPasid(7, 5));
    }

    [Fact]
    public void A_capi_adapter_is_given_none()
    {
        SimulatedAdapter adapter = Adapter(isOpenCapi: false);
        TestClient client = Client(adapter).Attach();
        Assert.All(
            InterruptAddresses(adapter, client.Handle), address => Assert.Equal(0ul, address));
        Assert.Equal(2, InterruptOf(client, msi: 2));
    }

    [Theory]
    [InlineData(2, 2, 2, 0x000ul)]
    [InlineData(2, 3, 1, 0x400ul)]
    [InlineData(1, 2, 1, 0x200ul)]
    [InlineData(4, 3, 3, 0x000ul)]
    [InlineData(4, 9, 0, 0x000ul)]
    public void An_interrupt_without_an_address_is_an_error_of_the_context(
        int interrupts, byte msi, int expected, ulong status)
    {
        TestClient client = Client(Adapter(isOpenCapi: true));
        Assert.Equal(Errno.None, client.TryAttach(out _, interrupts: (ulong)interrupts));
        client.MapWindow();
        client.Window.Write(SislHostMap.IntrMask, ~(ulong)SislSyncInterrupts.DriverUnmask);
        Assert.Equal(expected, InterruptOf(client, msi));
        Assert.Equal(status, client.Window.Read(SislHostMap.IntrStatus));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Events_are_read_into_buffers_of_the_size_that_the_back_end_asks_for(
        bool isOpenCapi)
    {
        SimulatedAdapter adapter = Adapter(isOpenCapi);
        TestClient client = Client(adapter).Attach();
        adapter.Afu.FindContext(client.Handle)!.Events.RaiseStorageFault(0x5000, isStore: true);
        byte[] buffer = new byte[CxlEventDataStorage.SizeInBytes];
        Errno errno = client.Transport.Read(
            client.ContextDescriptor, buffer.AsSpan(1), out int length);
        Assert.Equal(
            (isOpenCapi ? Errno.BadAddress : Errno.InvalidArgument, 0), (errno, length));
        errno = client.Transport.Read(client.ContextDescriptor, buffer, out length);
        Assert.Equal(
            isOpenCapi ? (Errno.None, buffer.Length) : (Errno.InvalidArgument, 0),
            (errno, length));
        if (isOpenCapi)
        {
            Assert.Equal(0x5000ul, AbiBytes.Read<CxlEventDataStorage>(buffer).Addr);
        }

        Assert.Equal(
            isOpenCapi ? Errno.TryAgain : Errno.InvalidArgument,
            client.Transport.Read(client.ContextDescriptor, buffer.AsSpan(0, 8), out _));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_a_lost_context_is_read_as(bool isOpenCapi)
    {
        SimulatedAdapter adapter = Adapter(isOpenCapi);
        TestClient client = Client(adapter).Attach();
        ushort handle = client.Handle;
        adapter.Afu.FindContext(handle)!.Events.RaiseInterrupt(2);
        adapter.Reset();
        byte[] buffer = new byte[4096];

        // What was pending comes first on both.
        Assert.Equal(
            Errno.None, client.Transport.Read(client.ContextDescriptor, buffer, out int length));
        Assert.Equal(CxlEventAfuInterrupt.SizeInBytes, length);
        Assert.Equal(
            Errno.InputOutput, client.Transport.Poll(client.ContextDescriptor, 0, out _));
        for (int i = 0; i < 2; i++)
        {
            Errno errno = client.Transport.Read(client.ContextDescriptor, buffer, out length);
            Assert.Equal(isOpenCapi ? (Errno.None, 8) : (Errno.InputOutput, 0), (errno, length));
            if (isOpenCapi)
            {
                CxlEventHeader header = AbiBytes.Read<CxlEventHeader>(buffer);
                Assert.Equal(
                    (CxlEventType.Reserved, (ushort)8, handle),
                    (header.Type, header.Size, header.ProcessElement));
            }
        }
    }

    [Theory]
    [InlineData(SubmissionMode.CommandRooms)]
    [InlineData(SubmissionMode.SubmissionQueue)]
    public void The_shipped_client_works_and_recovers_on_it(SubmissionMode mode)
    {
        SimulatedAdapter adapter = Adapter(isOpenCapi: true, mode);
        using SuperpipeDevice device = SuperpipeDevice.Open(adapter.Transport, "/dev/sg0");
        using SuperpipeContext context = device.Attach();
        using VirtualLun lun = context.OpenVirtualLun(1);
        for (int i = 1; i <= 3; i++)
        {
            _data.Fill((byte)i);
            lun.Transfer(new BlockTransfer(BlockOperation.Write, 3, 1, _data.Address));
            adapter.Reset();
            lun.Transfer(new BlockTransfer(BlockOperation.Read, 3, 1, _data.Address + 4096));
            Assert.Equal(_data.Block(0), _data.Block(1));
            Assert.Equal(i, context.GetStatistics().Recoveries);
        }
    }

    private SimulatedAdapter Adapter(
        bool isOpenCapi, SubmissionMode mode = SubmissionMode.CommandRooms)
    {
        SimulatedAdapter adapter = new(new SimulatedAdapterOptions
        {
            Luns = [new SimulatedLunOptions(_medium)],
            SubmissionMode = mode,
            IsOpenCapi = isOpenCapi,
            ReportsResets = false,
        });
        _made.Add(adapter);
        return adapter;
    }

    private TestClient Client(SimulatedAdapter adapter)
    {
        TestClient client = new(adapter);
        _made.Insert(0, client);
        return client;
    }

    private int InterruptOf(TestClient client, byte msi)
    {
        uint handle = client.OpenVirtual(1);
        SislIoarcb command = client.Command(ScsiOpcode.Read16, handle, 3, 1, _data.Address);
        command.Msi = msi;
        Assert.Equal(0u, client.Execute(command).Ioasc);
        byte[] buffer = new byte[4096];
        Errno errno = client.Transport.Read(client.ContextDescriptor, buffer, out _);
        return errno == Errno.None ? BitConverter.ToUInt16(buffer, 10) : 0;
    }

    private static ulong[] InterruptAddresses(SimulatedAdapter adapter, ushort handle)
    {
        ControlMap control = adapter.Afu.FindContext(handle)!.Control;
        return [.. Enumerable.Range(0, SislCtrlMap.LisnCount).Select(
            i => control.Read(SislCtrlMap.LisnEa + (i * 8)))];
    }
}
