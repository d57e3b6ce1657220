using System.Buffers.Binary;
using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Afu;

/// <summary>
/// Structures in the other byte order: by endian_ctrl for those of a context, by afu_config for the
/// driver's tables.
/// </summary>
public sealed class EndianTests
{
    [Theory]
    [InlineData(SubmissionMode.CommandRooms, false)]
    [InlineData(SubmissionMode.SubmissionQueue, false)]
    [InlineData(SubmissionMode.CommandRooms, true)]
    [InlineData(SubmissionMode.SubmissionQueue, true)]
    public void A_big_endian_client_is_understood(SubmissionMode mode, bool isCopied)
    {
        using SimulatedAdapterFixture fixture = new(
            mode, memory: isCopied ? new ClientMemory(Environment.ProcessId) : default);
        TestClient client = fixture.Attached();
        uint handle = client.OpenDirect();
        fixture.Data.Fill(4);
        client.ExecuteGood(ScsiOpcode.Write16, handle, 9, 1, fixture.Data.Address);
        client.MapWindow();
        Assert.Equal(0ul, client.Window.Read(SislHostMap.EndianCtrl));
        client.Window.Write(SislHostMap.EndianCtrl, SislHostMap.EndianBig);
        Assert.Equal(SislHostMap.EndianBig, client.Window.Read(SislHostMap.EndianCtrl));

        SislIoarcb command = client.Command(
            ScsiOpcode.Read16, handle, 9, 1, fixture.Data.Address + 4096);
        command.DataLen = 3 * 4096;
        SislIoasa ioasa = ExecuteBigEndian(client, command, out ulong entry);
        Assert.Equal(SislFcRc.Resid, ioasa.FcRc);
        Assert.Equal(8192u, BinaryPrimitives.ReverseEndianness(ioasa.Resid));
        Assert.Equal(fixture.Data.Block(0), fixture.Data.Block(1));
        Assert.Equal(1ul, entry & 1);

        // A command in the wrong order names a context that is not its own.
        command = client.Command(ScsiOpcode.Read16, handle, 9, 1, fixture.Data.Address);
        client.MapWindow();
        client.Window.Write(SislHostMap.EndianCtrl, 0x12);
        Assert.Equal(SislHostMap.EndianBig, client.Window.Read(SislHostMap.EndianCtrl));
    }

    [Fact]
    public void The_drivers_tables_are_read_in_the_order_of_afu_config()
    {
        using SimulatedAdapterFixture fixture = new(luns: 2);
        TestClient client = fixture.Client(path: "/dev/sg1").Attach();
        uint handle = client.OpenDirect();
        AfuRegisterMap map = fixture.Adapter.Afu.Map;
        map.Write(
            (ulong)(AfuAddressMap.Global + SislGlobalRegisters.AfuConfig),
            (ulong)SislAfuConfig.AutoRetryAll);

        // The id of LUN 1, read in the wrong order, is that of no LUN.
        SislIoasa ioasa = client.Execute(
            ScsiOpcode.Read16, handle, 0, 1, fixture.Data.Address);
        Assert.Equal(0x25, ioasa.SenseData[12]);
        ulong table = map.Read((ulong)(AfuAddressMap.Controls
            + (client.Handle * AfuAddressMap.ControlStride) + SislCtrlMap.RhtStart));
        new MemoryRun((nint)table, 1).AsSpan().Slice((int)handle * 16, 8).Reverse();
        client.ExecuteGood(ScsiOpcode.Read16, handle, 0, 1, fixture.Data.Address);
    }

    [Fact]
    public void Rht_entries_of_both_formats_are_swapped_as_their_fields_say()
    {
        // SP §8: LUN 1, read and write, port 0, as a big-endian host writes it.
        byte[] physical = Convert.FromHexString("00010000000000008000000000001301");
        SislRhtEntry entry = AbiBytes.Read<SislRhtEntry>(physical);
        ByteOrder.Swap(ref entry);
        Assert.Equal(
            Convert.FromHexString("00000000000001008000000000001301"),
            AbiBytes.Of(ref entry).ToArray());

        byte[] virtualEntry = Convert.FromHexString("00007F00000012340000000500000310");
        entry = AbiBytes.Read<SislRhtEntry>(virtualEntry);
        ByteOrder.Swap(ref entry);
        Assert.Equal(
            (0x7F0000001234ul, 5u, (byte)3, (byte)16),
            (entry.LxtStart, entry.LxtCnt, entry.Fp, entry.Nmask));
    }

    private static SislIoasa ExecuteBigEndian(
        TestClient client, SislIoarcb command, out ulong entry)
    {
        // The client puts the address of the IOASA in; in its own order, it must be swapped too.
        ulong sent = client.Send(command, prepare: ByteOrder.Swap);
        client.Window.Wait();
        entry = BinaryPrimitives.ReverseEndianness(client.FirstResponse);
        Assert.Equal(sent, entry & ~1ul);
        return client.IoasaOf(sent);
    }
}
