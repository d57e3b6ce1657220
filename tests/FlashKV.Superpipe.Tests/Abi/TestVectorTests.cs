using System.Runtime.InteropServices;
using FlashKV.Superpipe.Abi;

namespace FlashKV.Superpipe.Tests.Abi;

/// <summary>Values worked out from the original headers, in bytes.</summary>
public class TestVectorTests
{
    [Fact]
    public void Context_id_packs_address_and_process_element()
    {
        ContextId id = ContextId.Encode(0xC0000007F1234560, 5);

        Assert.Equal(0x7F12345600000005ul, id.Value);
        Assert.Equal(5u, id.ProcessElement);
        Assert.Equal((ushort)5, id.Handle);
        Assert.Equal(id, ContextId.FromParts(id.Generation, 5));
    }

    [Theory]
    [InlineData(5ul, 255, 1, 0x000000000005FF31ul)]
    [InlineData(0x1234ul, 0, 3, 0x0000000012340033ul)]
    public void Lxt_entry(ulong unit, byte lunIndex, byte ports, ulong expected)
    {
        SislLxtEntry entry = SislLxtEntry.Pack(unit, lunIndex, SislRht.PermReadWrite, ports);

        Assert.Equal(expected, entry.Value);
        Assert.Equal(unit, entry.AllocationUnit);
        Assert.Equal(unit << 16, entry.BaseLba);
        Assert.Equal(lunIndex, entry.LunIndex);
        Assert.Equal(SislRht.PermReadWrite, entry.Permissions);
        Assert.Equal(ports, entry.PortSel);
    }

    [Fact]
    public void Format_1_entry_on_a_little_endian_host()
    {
        SislRhtEntryF1 entry = new()
        {
            LunId = 1UL << 48,
            Valid = SislRhtEntryF1.ValidBit,
            Fp = SislRht.Format1 | SislRht.PermReadWrite,
            PortSel = 1,
        };

        byte[] expected = Convert.FromHexString("00000000000001008000000000001301");
        Assert.Equal(expected, Bytes(ref entry));
        Assert.Equal(
            BitConverter.ToUInt64(expected, 8),
            SislRhtEntryF1.PackSecondHalf(SislRht.PermReadWrite, 1));
        Assert.Equal(1, SislRht.Format(entry.Fp));
    }

    [Theory]
    [InlineData(2ul, 0x03)]
    [InlineData(0ul, 0x01)]
    [InlineData(1ul, 0x02)]
    [InlineData(3ul, 0x00)]
    public void Format_0_permissions_follow_the_open_mode(ulong mode, byte fp)
    {
        SislRhtEntry entry = new()
        {
            Fp = SislRht.PermissionsOf(mode),
            Nmask = CxlflashLimits.ChunkShift,
        };
        Assert.Equal([fp, 0x10], Bytes(ref entry)[14..]);
        Assert.Equal(0, SislRht.Format(entry.Fp));
    }

    [Fact]
    public void A_clone_keeps_only_the_permissions_of_its_own_context() =>
        Assert.Equal(0x01, SislRht.CloneFp(0x03, 1));

    [Fact]
    public void Heavy_sync_cdb()
    {
        byte[] cdb = new byte[16];
        SislAfuCommand.WriteSync(cdb, SislAfuCommand.HeavySync, 7, 3);
        Assert.Equal(Convert.FromHexString("C0010007000000030000000000000000"), cdb);
    }

    [Fact]
    public void Lun_provision_cdb()
    {
        byte[] cdb = new byte[16];
        SislAfuCommand.WriteLunProvision(cdb, SislAfuCommand.ProvisionCreate, 1, 0x10000);
        Assert.Equal(Convert.FromHexString("D0000100000000000000000000010000"), cdb);
    }

    [Fact]
    public void Longest_transfers_in_blocks()
    {
        Assert.Equal(4096, CxlflashLimits.MaxXferSize / 4096);
        Assert.Equal(32768, CxlflashLimits.MaxXferSize / 512);
    }

    [Theory]
    [InlineData(1ul, 0x0000000010000081ul)]
    [InlineData(0ul, 0x0000000010000080ul)]
    public void Response_entry(ulong toggle, ulong expected)
    {
        Assert.Equal(expected, SislRrq.Pack(0x10000080, toggle));
        Assert.Equal(0x10000080ul, SislRrq.Address(expected));
        Assert.Equal(toggle, SislRrq.Toggle(expected));
    }

    [Fact]
    public void Ioasc_is_the_first_four_bytes()
    {
        SislIoasa ioasa = new()
        {
            Flags = SislIoasaFlags.SenseValid,
            AfuRc = SislAfuRc.NoChannels,
            ScsiRc = SislScsiRc.Check,
            FcRc = SislFcRc.LinkDown,
        };
        Assert.Equal(0x57022080u, ioasa.Ioasc);
        Assert.Equal(BitConverter.ToUInt32(Bytes(ref ioasa)), ioasa.Ioasc);
    }

    private static byte[] Bytes<T>(ref T value)
        where T : struct => MemoryMarshal.AsBytes(new Span<T>(ref value)).ToArray();
}
