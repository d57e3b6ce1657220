using System.Buffers.Binary;
using System.Text;
using FlashKV.SimBackend.Sharing;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Sharing;

/// <summary>SG_IO: how a program gets to know a device.</summary>
public sealed class ScsiGenericTests
{
    private const int DataOffset = 4096;
    private const int SenseOffset = 2 * 4096;
    private const int CommandOffset = 3 * 4096;

    [Fact]
    public void Inquiry_gives_standard_data_and_pages()
    {
        using ServedHostFixture served = new();
        using RawConnection raw = RawConnection.Open(served.SocketPath);
        ulong device = raw.OpenDevice("/dev/sg0");
        byte[] standard = Execute(served, raw, device, [0x12, 0, 0, 0, 255, 0], 255);
        Assert.Equal(
            "IBM     FlashKV         0001", Encoding.ASCII.GetString(standard.AsSpan(8, 28)));
        byte[] page = Execute(served, raw, device, [0x12, 1, 0x83, 0, 255, 0], 255);
        Assert.Equal([0x00, 0x83, 0x00, 0x14], page[..4]);
        Assert.Equal(24, page.Length);

        // A shorter allocation gets the beginning.
        Assert.Equal(8, Execute(served, raw, device, [0x12, 1, 0x83, 0, 8, 0], 255).Length);
        Assert.Equal(5, Execute(served, raw, device, [0x12, 1, 0x83, 0, 8, 0], 5).Length);
    }

    [Fact]
    public void Read_capacity_follows_the_lun()
    {
        using ServedHostFixture served = new();
        using RawConnection raw = RawConnection.Open(served.SocketPath);
        ulong device = raw.OpenDevice("/dev/sg0");
        byte[] command = [0x9E, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0];
        byte[] data = Execute(served, raw, device, command, 32);
        Assert.Equal(
            (ulong)served.Medium.BlockCount - 1, BinaryPrimitives.ReadUInt64BigEndian(data));
        Assert.Equal(4096u, BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(8)));
        served.Adapter.SetCapacity(0, 1000);
        data = Execute(served, raw, device, command, 32);
        Assert.Equal(999UL, BinaryPrimitives.ReadUInt64BigEndian(data));
    }

    [Theory]
    [InlineData(0x88, 0x20)]
    [InlineData(0x12, 0x24)]
    public void Other_commands_and_pages_end_with_sense_data(byte opcode, byte asc)
    {
        using ServedHostFixture served = new();
        using RawConnection raw = RawConnection.Open(served.SocketPath);
        ulong device = raw.OpenDevice("/dev/sg0");
        Assert.Empty(Execute(served, raw, device, [opcode, 1, 0x99, 0, 16, 0], 16));
        Assert.Equal(0x02, served.Data.Bytes[64]);
        Assert.True(ScsiSense.TryParse(
            served.Data.Bytes.Slice(SenseOffset, ScsiSense.FixedLength), out ScsiSense sense));
        Assert.Equal(new ScsiSense(ScsiSenseKey.IllegalRequest, asc, 0), sense);
    }

    [Fact]
    public void Bad_headers_and_addresses_are_refused()
    {
        using ServedHostFixture served = new();
        using RawConnection raw = RawConnection.Open(served.SocketPath);
        ulong device = raw.OpenDevice("/dev/sg0");
        Assert.Equal(Errno.BadAddress, raw.Ioctl(device, ScsiGeneric.Request, 0x1000, out _));
        Prepare(served, [0x12, 0, 0, 0, 255, 0], 255);
        served.Data.Bytes[0] = (byte)'Q';
        Assert.Equal(Errno.InvalidArgument, Issue(served, raw, device));
        Prepare(served, [0x12, 0, 0, 0, 255, 0], 255);
        BinaryPrimitives.WriteUInt64LittleEndian(served.Data.Bytes[16..], 0x1000);
        Assert.Equal(Errno.BadAddress, Issue(served, raw, device));
        ulong context = raw.Attach(device, served.Data);
        Assert.Equal(Errno.InvalidArgument, Issue(served, raw, context));
    }

    private static byte[] Execute(
        ServedHostFixture served, RawConnection raw, ulong device, byte[] command, int length)
    {
        Prepare(served, command, length);
        Assert.Equal(Errno.None, Issue(served, raw, device));
        int residue = BinaryPrimitives.ReadInt32LittleEndian(served.Data.Bytes[72..]);
        return served.Data.Bytes.Slice(DataOffset, length - residue).ToArray();
    }

    private static Errno Issue(ServedHostFixture served, RawConnection raw, ulong device) =>
        raw.Ioctl(device, ScsiGeneric.Request, (ulong)served.Data.Address, out _);

    private static void Prepare(ServedHostFixture served, byte[] command, int length)
    {
        Span<byte> header = served.Data.Bytes;
        header[..(4 * 4096)].Clear();
        ulong address = (ulong)served.Data.Address;
        BinaryPrimitives.WriteInt32LittleEndian(header, 'S');
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], -3);
        header[8] = (byte)command.Length;
        header[9] = 32;
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], length);
        BinaryPrimitives.WriteUInt64LittleEndian(header[16..], address + DataOffset);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], address + CommandOffset);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], address + SenseOffset);
        command.CopyTo(header[CommandOffset..]);
    }
}
