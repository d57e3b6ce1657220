using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Afu;

/// <summary>A client in another process, whose memory the AFU reaches by system calls.</summary>
public sealed class ProcessMemoryTests
{
    private const ulong Rings = 0;
    private const ulong Commands = 4096;
    private const ulong Data = 8192;

    [Fact]
    public void Commands_of_another_process_move_its_data()
    {
        using ChildMemory child = new();
        using SimulatedAdapterFixture fixture = new(memory: new ClientMemory(child.ProcessId));
        TestClient client = Attach(fixture, child);
        uint handle = client.OpenVirtual(1);
        byte[] block = new byte[4096];
        new Random(3).NextBytes(block);
        child.Write(Data, block);
        Assert.Equal(0u, Execute(client, child, ScsiOpcode.Write16, handle, child.Address + Data));
        Assert.Equal(
            0u, Execute(client, child, ScsiOpcode.Read16, handle, child.Address + Data + 8192));
        Assert.Equal(block, child.Read(Data + 8192, 4096));
        Assert.Equal(
            (child.Address + Commands) | 1, BitConverter.ToUInt64(child.Read(Rings + 8, 8)));
    }

    [Fact]
    public void What_the_process_does_not_have_is_a_dma_error_and_an_event()
    {
        using ChildMemory child = new();
        using SimulatedAdapterFixture fixture = new(memory: new ClientMemory(child.ProcessId));
        TestClient client = Attach(fixture, child);
        uint handle = client.OpenVirtual(1);

        // The second block would begin where the heap ends.
        ulong address = child.Address + ChildMemory.SizeInBytes - 2048;
        foreach (byte opcode in new[] { ScsiOpcode.Write16, ScsiOpcode.Read16 })
        {
            Assert.Equal(0x3100u, Execute(client, child, opcode, handle, address));
            Assert.Equal(
                SislAfuDmaExtra.InvalidEa, (SislAfuDmaExtra)child.Read(Commands + 73, 1)[0]);
            byte[] buffer = new byte[4096];
            client.Transport.Read(client.ContextDescriptor, buffer, out int length);
            Assert.Equal(CxlEventDataStorage.SizeInBytes, length);
            Assert.Equal(address, BitConverter.ToUInt64(buffer, 16));
        }

        client.Window.Write(SislHostMap.RrqStart, 0x1_0000);
        Send(client, child, ScsiOpcode.Read16, handle, child.Address + Data);
        Assert.Equal(
            (ulong)SislSyncInterrupts.PermErrRrqWrite, client.Window.Read(SislHostMap.IntrStatus));
    }

    [Fact]
    public void A_process_that_has_ended_answers_no_more()
    {
        using ChildMemory child = new();
        using SimulatedAdapterFixture fixture = new(memory: new ClientMemory(child.ProcessId));
        TestClient client = Attach(fixture, child);
        child.Kill();
        client.Window.Write(SislHostMap.Ioarrin, child.Address + Commands);
        client.Window.Wait();
        Assert.Equal(
            (ulong)SislSyncInterrupts.PermErrRcbRead, client.Window.Read(SislHostMap.IntrStatus));
    }

    [Fact]
    public void Long_transfers_share_the_room_for_copies()
    {
        using SimulatedAdapterFixture fixture =
            new(memory: new ClientMemory(Environment.ProcessId));
        using AlignedMemory data = new(3 * 4096);
        TestClient client = fixture.Attached();
        uint handle = client.OpenDirect();
        data.Fill(6);
        for (uint i = 0; i < 3; i++)
        {
            client.Send(client.Command(
                ScsiOpcode.Write16, handle, i * 4096, 4096, data.Run((int)i * 4096, 1).Address));
        }

        for (int i = 0; i < 3; i++)
        {
            Assert.NotEqual(0ul, client.TryReceive(out SislIoasa ioasa));
            Assert.Equal(0u, ioasa.Ioasc);
        }

        byte[] written = data.Bytes.ToArray();
        data.Bytes.Clear();
        client.ExecuteGood(ScsiOpcode.Read16, handle, 0, 4096, data.Run(0, 1).Address);
        client.ExecuteGood(ScsiOpcode.Read16, handle, 4096, 4096, data.Run(4096, 1).Address);
        client.ExecuteGood(ScsiOpcode.Read16, handle, 8192, 4096, data.Run(8192, 1).Address);
        Assert.True(data.Bytes.SequenceEqual(written));
    }

    [Fact]
    public void A_bad_address_among_good_ones_fails_alone()
    {
        using SimulatedAdapterFixture fixture =
            new(memory: new ClientMemory(Environment.ProcessId));
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        fixture.Data.Fill(2);
        nint[] addresses = [fixture.Data.Address, 0x1_0000, fixture.Data.Address + 4096, 0];
        for (int i = 0; i < addresses.Length; i++)
        {
            client.Send(client.Command(
                ScsiOpcode.Write16, handle, (ulong)i, 1, addresses[i]));
        }

        foreach (nint address in addresses)
        {
            Assert.NotEqual(0ul, client.TryReceive(out SislIoasa ioasa));
            bool isGood = address > 0x1_0000;
            Assert.Equal(isGood ? SislAfuRc.None : SislAfuRc.DataDmaErr, ioasa.AfuRc);
        }

        AlignedMemory data = fixture.Data;
        client.ExecuteGood(ScsiOpcode.Read16, handle, 2, 1, data.Address + (8 * 4096));
        Assert.Equal(data.Block(1), data.Block(8));
    }

    private static TestClient Attach(SimulatedAdapterFixture fixture, ChildMemory child)
    {
        TestClient client = fixture.Attached();
        child.Write(Rings, new byte[4096]);
        client.Window.Write(SislHostMap.RrqStart, child.Address + Rings);
        client.Window.Write(SislHostMap.RrqEnd, child.Address + Rings + 4088);
        return client;
    }

    private static uint Execute(
        TestClient client, ChildMemory child, byte opcode, uint handle, ulong data)
    {
        Send(client, child, opcode, handle, data);
        return BitConverter.ToUInt32(child.Read(Commands + 64, 4));
    }

    private static void Send(
        TestClient client, ChildMemory child, byte opcode, uint handle, ulong data)
    {
        SislIoarcb command = client.Command(opcode, handle, 5, 1, (nint)data);
        child.Write(Commands, AbiBytes.Of(ref command));
        client.Window.Write(SislHostMap.Ioarrin, child.Address + Commands);
        client.Window.Wait();
    }
}
