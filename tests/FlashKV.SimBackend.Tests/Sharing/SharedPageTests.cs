using FlashKV.SimBackend.Afu;
using FlashKV.SimBackend.Sharing;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Sharing;

/// <summary>
/// A page between two looks of the server: what its client stores meanwhile counts in the order in
/// which it was stored.
/// </summary>
public sealed class SharedPageTests : IDisposable
{
    private const ulong NoInterrupt = ulong.MaxValue;

    private readonly SimulatedAdapterFixture _fixture = new(SubmissionMode.SubmissionQueue);
    private readonly TestClient _client;
    private readonly AfuContext _context;
    private readonly SharedPage _page;
    private readonly SharedMemory _memory;
    private readonly ulong _ring;

    public SharedPageTests()
    {
        _client = _fixture.Attached();
        _context = _client.Window.Mapping!.Context;
        _ring = _context.Read(SislHostMap.SqStart);
        Assert.Equal(Errno.None, SharedPage.Create(_context, out SharedPage? page));
        _page = page!;
        Assert.Equal(
            Errno.None,
            SharedMemory.Map(_page.File, SharedPageFormat.TotalBytes, out SharedMemory? memory));
        _memory = memory!;
    }

    public void Dispose()
    {
        _page.Dispose();
        _memory.Dispose();
        _fixture.Dispose();
    }

    // Bug: a native program's reset of its context was followed by one more response. Mechanism:
    // the server read the tail, the program stored a new tail and then the reset, and the server
    // read the reset; so it reset first and took over the tail afterwards. Fix: the reset is read
    // before the tail, so that every tail stored before it is seen.
    [Fact]
    public void A_command_stored_before_a_reset_is_given_up_even_if_both_come_within_a_look()
    {
        byte before = WriteCommandWithoutDoorbell();
        WhileTheServerLooks(() =>
        {
            _memory.WriteRegister(SislHostMap.SqTail, _ring + SislIoarcb.SizeInBytes);
            _memory.WriteRegister(SislHostMap.SqCtxReset, SislHostMap.ContextReset);
        });
        LookUntilReset();
        _page.TakeOver();
        Assert.False(_context.HasCommands);
        Assert.False(_context.TryDrive());
        Assert.Equal(0ul, _client.TryReceive(out _, waits: 0));
        Assert.Equal(before, _fixture.Data.Bytes[0]);
    }

    [Fact]
    public void Who_sees_the_end_of_a_reset_sees_an_empty_ring()
    {
        _ = WriteCommandWithoutDoorbell();
        _memory.WriteRegister(SislHostMap.SqTail, _ring + SislIoarcb.SizeInBytes);
        _memory.WriteRegister(SislHostMap.SqCtxReset, SislHostMap.ContextReset);
        LookUntilReset();
        Assert.Equal(1, _context.ResetCount);
        Assert.Equal(
            _ring + SislIoarcb.SizeInBytes, _memory.ReadRegister(SislHostMap.SqHead));
        Assert.Equal(
            _ring + SislIoarcb.SizeInBytes, _memory.ReadRegister(SislHostMap.SqTail));
    }

    // The same for a client that stores its tail in the page and resets by a message.
    [Fact]
    public void A_command_stored_before_a_reset_by_message_is_given_up()
    {
        Assert.Equal(
            Errno.None, PacketSocket.CreatePair(out PacketSocket? near, out PacketSocket? far));
        using (near)
        using (far)
        using (DriveWorkers workers = new(failure => Assert.Fail(failure.Message)))
        {
            ServedContext served = new(_context, near!, workers);
            Assert.Equal(Errno.None, served.TryMakePage(out SharedPage? page));
            Assert.Equal(
                Errno.None,
                SharedMemory.Map(
                    page!.File, SharedPageFormat.TotalBytes, out SharedMemory? memory));
            byte before = WriteCommandWithoutDoorbell();
            memory!.WriteRegister(SislHostMap.SqTail, _ring + SislIoarcb.SizeInBytes);
            Assert.False(served.Write(SislHostMap.SqCtxReset, SislHostMap.ContextReset));
            Assert.True(SpinWait.SpinUntil(
                () => (served.Read(SislHostMap.SqCtxReset) & 1) == 0, 60_000));
            page.TakeOver();
            Assert.False(_context.HasCommands);
            Assert.Equal(before, _fixture.Data.Bytes[0]);
            served.Close();
            memory.Dispose();
        }
    }

    [Fact]
    public void A_command_stored_after_a_reset_is_executed()
    {
        _memory.WriteRegister(SislHostMap.SqCtxReset, SislHostMap.ContextReset);
        LookUntilReset();
        byte before = WriteCommandWithoutDoorbell();
        _memory.WriteRegister(SislHostMap.SqTail, _ring + SislIoarcb.SizeInBytes);
        Assert.True(_page.TakeOver());
        Assert.True(_context.TryDrive());
        Assert.NotEqual(0ul, _client.TryReceive(out _, waits: 0));
        Assert.NotEqual(before, _fixture.Data.Bytes[0]);
    }

    // A read of one block into data that are not what the medium holds, in the first slot.
    private byte WriteCommandWithoutDoorbell()
    {
        _fixture.Data.Bytes.Fill(0xAB);
        uint handle = _client.OpenVirtual(1);
        SislIoarcb command = _client.Command(
            ScsiOpcode.Read16, handle, 0, 1, _fixture.Data.Address);
        command.Ioasa = (ulong)_fixture.Data.Run(8, 1).Address;
        Assert.True(default(LocalMemory).TryWrite(_ring, AbiBytes.Of(ref command)));
        return _fixture.Data.Bytes[0];
    }

    // Unmasking an interrupt that is there raises an event in the middle of the look.
    private void WhileTheServerLooks(Action store)
    {
        _context.Write(SislHostMap.IntrMask, NoInterrupt);
        _context.Write(SislHostMap.SqTail, 1);
        _page.NoteWritten(SislHostMap.IntrMask);
        int calls = 0;
        _context.Events.Changed = () =>
        {
            calls++;
            store();
        };
        _memory.WriteRegister(SislHostMap.IntrMask, 0);
        Assert.True(_page.TakeOver());
        _context.Events.Changed = null;
        Assert.Equal(1, calls);
    }

    private void LookUntilReset()
    {
        const int MaxLooks = 100;
        for (int i = 0; i < MaxLooks; i++)
        {
            _page.TakeOver();
            if (_memory.ReadRegister(SislHostMap.SqCtxReset) == 0)
            {
                return;
            }
        }

        Assert.Fail("the reset does not end");
    }
}
